using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;
using Emulator.Core.Instructions;

namespace Emulator.Core.Interpretation;

internal readonly struct AddOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Add(left, right, out flags);
}

internal readonly struct AdcOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Adc(left, right, before.CF, out flags);
}

internal readonly struct SubOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Sub(left, right, out flags);
}

internal readonly struct SbbOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Sbb(left, right, before.CF, out flags);
}

internal readonly struct AndOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.And(left, right, out flags);
}

internal readonly struct OrOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Or(left, right, out flags);
}

internal readonly struct XorOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Xor(left, right, out flags);
}

/// <summary>SUB without the write.</summary>
internal readonly struct CmpOperation : IBinaryOperation
{
    public static bool Writes => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Sub(left, right, out flags);
}

/// <summary>AND without the write.</summary>
internal readonly struct TestOperation : IBinaryOperation
{
    public static bool Writes => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.And(left, right, out flags);
}

internal readonly struct ImulOperation : IBinaryOperation
{
    public static bool Writes => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Imul(left, right, out flags);
}

internal readonly struct IncOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Inc(value, before, out flags);
}

internal readonly struct DecOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Dec(value, before, out flags);
}

internal readonly struct NegOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Neg(value, out flags);
}

internal readonly struct NotOperation : IUnaryOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        flags = before;
        return ~value;
    }
}

internal readonly struct ShlOperation : IShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Shl(value, count, before, out flags);
}

internal readonly struct ShrOperation : IShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Shr(value, count, before, out flags);
}

internal readonly struct SarOperation : IShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Sar(value, count, before, out flags);
}

internal readonly struct RolOperation : IShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Rol(value, count, before, out flags);
}

internal readonly struct RorOperation : IShiftOperation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Execute<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => Integer.Ror(value, count, before, out flags);
}
