using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Interpretation;

/// <summary>Whether somebody reads the flags that an operation produces.</summary>
internal interface IFlagUse
{
    /// <summary>True when the flags must be stored.</summary>
    static abstract bool Live { get; }
}

/// <summary>The flags are read, or may be seen by a fault.</summary>
internal readonly struct FlagsLive : IFlagUse
{
    public static bool Live => true;
}

/// <summary>The flags are overwritten before anything can see them.</summary>
internal readonly struct FlagsDead : IFlagUse
{
    public static bool Live => false;
}

/// <summary>result = left op right, with flags.</summary>
internal interface IBinaryOperation
{
    /// <summary>False for CMP and TEST: the result is not written.</summary>
    static abstract bool Writes { get; }

    /// <summary>The operation on values.</summary>
    static abstract T Execute<T>(T left, T right, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>result = op value, with flags.</summary>
internal interface IUnaryOperation
{
    /// <summary>The operation on a value.</summary>
    static abstract T Execute<T>(T value, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>result = value shifted by a count, with flags.</summary>
internal interface IShiftOperation
{
    /// <summary>The operation on values; a masked count of 0 changes no flag.</summary>
    static abstract T Execute<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>Register access by state offset.</summary>
internal static unsafe class Registers
{
    /// <summary>Reads a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(ProcessorState* state, ushort offset)
        where T : unmanaged
        => *(T*)((byte*)state + offset);

    /// <summary>Writes a register: 8 and 16 bits merge, 32 bits zero the upper half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(ProcessorState* state, ushort offset, T value)
        where T : unmanaged
    {
        if (sizeof(T) == 4) *(ulong*)((byte*)state + offset) = Unsafe.BitCast<T, uint>(value);
        else *(T*)((byte*)state + offset) = value;
    }
}
