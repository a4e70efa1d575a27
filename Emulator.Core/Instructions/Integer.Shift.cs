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
}
