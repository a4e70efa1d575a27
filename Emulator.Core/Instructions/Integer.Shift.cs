using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Instructions;

/// <summary>
/// SDM Vol. 1, "Shift and Rotate Instructions". Counts are masked to 5 bits (6 for 64-bit operands); a count of 0 changes
/// no flag. OF is defined for counts of 1 only: here it follows the same formula for all counts, as silicon does.
/// </summary>
public static partial class Integer
{
    /// <summary>SDM Vol. 2, "SAL/SAR/SHL/SHR—Shift": SHL.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Shl<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        count &= Unsafe.SizeOf<T>() == 8 ? 63 : 31;
        if (count == 0)
        {
            flags = before;
            return value;
        }

        // Narrow operands shift in 64 bits, so that a count beyond the width gives 0 and the right carry.
        ulong wide = Widths.ZeroExtend(value);
        bool carry = count <= Widths.Bits<T>() && ((wide >> (Widths.Bits<T>() - count)) & 1) != 0;
        T result = Widths.Truncate<T>(wide << count);
        flags = LazyFlags.FromResult(result, carry, carry != Widths.Sign(result));
        return result;
    }

    /// <summary>SDM Vol. 2, "SAL/SAR/SHL/SHR—Shift": SHR.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Shr<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        count &= Unsafe.SizeOf<T>() == 8 ? 63 : 31;
        if (count == 0)
        {
            flags = before;
            return value;
        }

        ulong wide = Widths.ZeroExtend(value);
        T result = Widths.Truncate<T>(wide >> count);
        bool carry = ((wide >> (count - 1)) & 1) != 0;
        flags = LazyFlags.FromResult(result, carry, count == 1 && Widths.Sign(value));
        return result;
    }

    /// <summary>SDM Vol. 2, "SAL/SAR/SHL/SHR—Shift": SAR.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sar<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        count &= Unsafe.SizeOf<T>() == 8 ? 63 : 31;
        if (count == 0)
        {
            flags = before;
            return value;
        }

        long wide = (long)Widths.SignExtend(value);
        T result = Widths.Truncate<T>((ulong)(wide >> count));
        flags = LazyFlags.FromResult(result, ((wide >> (count - 1)) & 1) != 0, of: false);
        return result;
    }

    /// <summary>SDM Vol. 2, "RCL/RCR/ROL/ROR—Rotate": ROL. Only CF and OF change.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Rol<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        count &= Unsafe.SizeOf<T>() == 8 ? 63 : 31;
        if (count == 0)
        {
            flags = before;
            return value;
        }

        T result = T.RotateLeft(value, count);
        bool carry = (Widths.ZeroExtend(result) & 1) != 0;
        flags = before.WithCarryAndOverflow(carry, carry != Widths.Sign(result));
        return result;
    }

    /// <summary>SDM Vol. 2, "RCL/RCR/ROL/ROR—Rotate": ROR. Only CF and OF change.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Ror<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        count &= Unsafe.SizeOf<T>() == 8 ? 63 : 31;
        if (count == 0)
        {
            flags = before;
            return value;
        }

        T result = T.RotateRight(value, count);
        bool carry = Widths.Sign(result);
        bool next = ((Widths.ZeroExtend(result) >> (Widths.Bits<T>() - 2)) & 1) != 0;
        flags = before.WithCarryAndOverflow(carry, carry != next);
        return result;
    }

    /// <summary>SDM Vol. 2, "RCL/RCR/ROL/ROR—Rotate": RCL, through CF.</summary>
    public static T Rcl<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        int bits = Widths.Bits<T>();
        count = (count & (bits == 64 ? 63 : 31)) % (bits + 1);
        flags = before;
        if (count == 0) return value;
        UInt128 wide = Widths.ZeroExtend(value) | (before.CF ? UInt128.One << bits : 0);
        UInt128 turned = (wide << count) | (wide >> (bits + 1 - count));
        T result = Widths.Truncate<T>((ulong)turned);
        bool carry = ((turned >> bits) & 1) != 0;
        flags = before.WithCarryAndOverflow(carry, carry != Widths.Sign(result));
        return result;
    }

    /// <summary>SDM Vol. 2, "RCL/RCR/ROL/ROR—Rotate": RCR, through CF.</summary>
    public static T Rcr<T>(T value, int count, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        int bits = Widths.Bits<T>();
        count = (count & (bits == 64 ? 63 : 31)) % (bits + 1);
        flags = before;
        if (count == 0) return value;
        UInt128 wide = Widths.ZeroExtend(value) | (before.CF ? UInt128.One << bits : 0);
        UInt128 turned = (wide >> count) | (wide << (bits + 1 - count));
        T result = Widths.Truncate<T>((ulong)turned);
        bool carry = ((turned >> bits) & 1) != 0;
        bool next = ((Widths.ZeroExtend(result) >> (bits - 2)) & 1) != 0;
        flags = before.WithCarryAndOverflow(carry, Widths.Sign(result) != next);
        return result;
    }

    /// <summary>SDM Vol. 2, "SHLD", "SHRD". A 16-bit operand with a count above 16 is undefined: it takes bits from both, as silicon does.</summary>
    public static T DoubleShift<T>(T value, T fill, int count, bool left, LazyFlags before, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        int bits = Widths.Bits<T>();
        count &= bits == 64 ? 63 : 31;
        flags = before;
        if (count == 0) return value;
        UInt128 high = Widths.ZeroExtend(left ? value : fill);
        UInt128 low = Widths.ZeroExtend(left ? fill : value);
        UInt128 wide = (high << bits) | low;
        if (count > bits)
        {
            // Only with 16-bit operands: the first operand comes round again behind the second.
            UInt128 again = Widths.ZeroExtend(value);
            wide = left ? (wide << bits) | again : wide | (again << (2 * bits));
        }

        int total = count > bits ? 3 * bits : 2 * bits;
        UInt128 shifted = left ? wide >> (total - bits - count) : wide >> count;
        T result = Widths.Truncate<T>((ulong)shifted);
        bool carry = left ? ((wide >> (total - count)) & 1) != 0 : ((wide >> (count - 1)) & 1) != 0;
        flags = LazyFlags.FromResult(result, carry, Widths.Sign(result) != Widths.Sign(value));
        return result;
    }
}
