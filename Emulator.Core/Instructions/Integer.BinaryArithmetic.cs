using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Instructions;

/// <summary>Meanings of the general-purpose instructions, on values. SDM Vol. 1, "Binary Arithmetic Instructions".</summary>
/// <remarks>All are instantiated with the unsigned types byte, ushort, uint and ulong.</remarks>
public static partial class Integer
{
    /// <summary>Adds. SDM Vol. 2, "ADD—Add".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Add<T>(T left, T right, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = unchecked(left + right);
        flags = LazyFlags.FromCarries(result, (left & right) | ((left | right) & ~result));
        return result;
    }

    /// <summary>Adds two values and CF. SDM Vol. 2, "ADC—Add With Carry".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Adc<T>(T left, T right, bool carry, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = unchecked(left + right + (carry ? T.One : T.Zero));

        // Carry out of bit i: both sources have it, or one has it and the sum lost it; true with and without carry in.
        flags = LazyFlags.FromCarries(result, (left & right) | ((left | right) & ~result));
        return result;
    }

    /// <summary>Subtracts. SDM Vol. 2, "SUB—Subtract", "CMP—Compare Two Operands".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sub<T>(T left, T right, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = unchecked(left - right);
        flags = LazyFlags.FromCarries(result, (~left & right) | ((~left | right) & result));
        return result;
    }

    /// <summary>Subtracts a value and CF. SDM Vol. 2, "SBB—Integer Subtraction With Borrow".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sbb<T>(T left, T right, bool borrow, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = unchecked(left - right - (borrow ? T.One : T.Zero));
        flags = LazyFlags.FromCarries(result, (~left & right) | ((~left | right) & result));
        return result;
    }

    /// <summary>Adds 1 and keeps CF. SDM Vol. 2, "INC—Increment by 1".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Inc<T>(T value, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = Add(value, T.One, out LazyFlags added);
        flags = added.WithCF(before.CF);
        return result;
    }

    /// <summary>Subtracts 1 and keeps CF. SDM Vol. 2, "DEC—Decrement by 1".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Dec<T>(T value, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = Sub(value, T.One, out LazyFlags subtracted);
        flags = subtracted.WithCF(before.CF);
        return result;
    }

    /// <summary>Negates; CF is 0 for zero only. SDM Vol. 2, "NEG—Two's Complement Negation".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Neg<T>(T value, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
        => Sub(T.Zero, value, out flags);
}
