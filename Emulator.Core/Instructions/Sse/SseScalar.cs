using System.Numerics;

namespace Emulator.Core.Instructions.Sse;

/// <summary>
/// Arithmetic on one element, exact in every rounding mode, with all exceptions. Operands and results are bit patterns.
/// SDM Vol. 1, "SIMD Floating-Point Exceptions", "Rules for Handling NaNs".
/// </summary>
internal static class SseScalar<T>
    where T : struct, IBinaryFormat
{
    /// <summary>Sum.</summary>
    public static ulong Add(ulong first, ulong second, ref SseEnvironment environment)
    {
        if (SseNumber<T>.IsNaN(first) || SseNumber<T>.IsNaN(second)) return SseNumber<T>.Propagate(first, second, ref environment);
        return AddFinite(first, second, ref environment);
    }

    /// <summary>Difference.</summary>
    public static ulong Subtract(ulong first, ulong second, ref SseEnvironment environment)
    {
        // A NaN keeps its sign: only numbers are negated.
        if (SseNumber<T>.IsNaN(first) || SseNumber<T>.IsNaN(second)) return SseNumber<T>.Propagate(first, second, ref environment);
        return AddFinite(first, second ^ SseNumber<T>.SignBit, ref environment);
    }

    /// <summary>Product.</summary>
    public static ulong Multiply(ulong first, ulong second, ref SseEnvironment environment)
    {
        if (SseNumber<T>.IsNaN(first) || SseNumber<T>.IsNaN(second)) return SseNumber<T>.Propagate(first, second, ref environment);
        first = SseNumber<T>.Flush(first, environment);
        second = SseNumber<T>.Flush(second, environment);
        ulong sign = (first ^ second) & SseNumber<T>.SignBit;
        bool anyZero = SseNumber<T>.IsZero(first) || SseNumber<T>.IsZero(second);
        bool anyInfinite = SseNumber<T>.IsInfinite(first) || SseNumber<T>.IsInfinite(second);
        if (anyInfinite && anyZero) return SseNumber<T>.Invalid(ref environment);
        SseNumber<T>.NoteDenormal(first, ref environment);
        SseNumber<T>.NoteDenormal(second, ref environment);
        if (anyInfinite) return sign | SseNumber<T>.Infinity;
        if (anyZero) return sign;
        ulong left = SseNumber<T>.Unpack(first, out int leftExponent);
        ulong right = SseNumber<T>.Unpack(second, out int rightExponent);
        ulong high = Math.BigMul(left, right, out ulong low);
        int exponent = leftExponent + rightExponent + 1;
        if ((long)high >= 0)
        {
            high = (high << 1) | (low >> 63);
            low <<= 1;
            exponent--;
        }

        return SseNumber<T>.Round(sign != 0, exponent, high | (low != 0 ? 1UL : 0UL), ref environment);
    }

    /// <summary>Quotient.</summary>
    public static ulong Divide(ulong first, ulong second, ref SseEnvironment environment)
    {
        if (SseNumber<T>.IsNaN(first) || SseNumber<T>.IsNaN(second)) return SseNumber<T>.Propagate(first, second, ref environment);
        first = SseNumber<T>.Flush(first, environment);
        second = SseNumber<T>.Flush(second, environment);
        ulong sign = (first ^ second) & SseNumber<T>.SignBit;
        bool firstInfinite = SseNumber<T>.IsInfinite(first);
        bool secondInfinite = SseNumber<T>.IsInfinite(second);
        bool firstZero = SseNumber<T>.IsZero(first);
        bool secondZero = SseNumber<T>.IsZero(second);
        if ((firstInfinite && secondInfinite) || (firstZero && secondZero)) return SseNumber<T>.Invalid(ref environment);
        if (secondZero && !firstInfinite)
        {
            environment.Raised |= SseExceptions.DivideByZero;
            return sign | SseNumber<T>.Infinity;
        }

        SseNumber<T>.NoteDenormal(first, ref environment);
        SseNumber<T>.NoteDenormal(second, ref environment);
        if (firstInfinite) return sign | SseNumber<T>.Infinity;
        if (firstZero || secondInfinite) return sign;
        ulong dividend = SseNumber<T>.Unpack(first, out int firstExponent);
        ulong divisor = SseNumber<T>.Unpack(second, out int secondExponent);

        // The quotient of dividend * 2^63 lies in (2^62, 2^64): one shift at most brings its leading one to bit 63.
        (UInt128 quotient, UInt128 remainder) = UInt128.DivRem((UInt128)dividend << 63, divisor);
        ulong significand = (ulong)quotient;
        int exponent = firstExponent - secondExponent;
        if ((long)significand >= 0)
        {
            // Bits below the 63 of the quotient matter only as a sticky bit: the formats keep 53 at most.
            significand <<= 1;
            exponent--;
        }

        return SseNumber<T>.Round(sign != 0, exponent, significand | (remainder != UInt128.Zero ? 1UL : 0UL), ref environment);
    }

    /// <summary>Square root.</summary>
    public static ulong SquareRoot(ulong value, ref SseEnvironment environment)
    {
        if (SseNumber<T>.IsNaN(value)) return SseNumber<T>.Propagate(value, value, ref environment);
        value = SseNumber<T>.Flush(value, environment);
        if (SseNumber<T>.IsZero(value)) return value;
        if (SseNumber<T>.IsNegative(value)) return SseNumber<T>.Invalid(ref environment);
        if (SseNumber<T>.IsInfinite(value)) return value;
        SseNumber<T>.NoteDenormal(value, ref environment);
        ulong significand = SseNumber<T>.Unpack(value, out int exponent);

        // Root of significand * 2^63 or 2^64, so that the exponent is even and the root has its leading one at bit 63.
        bool isOdd = (exponent & 1) != 0;
        UInt128 radicand = (UInt128)significand << (isOdd ? 64 : 63);
        ulong root = Root(radicand, out bool isExact);
        return SseNumber<T>.Round(false, exponent >> 1, root | (isExact ? 0UL : 1UL), ref environment);
    }

    /// <summary>MINPS and MAXPS: the second source for NaNs and for two zeroes. SDM Vol. 2, "MAXPS".</summary>
    public static ulong Select(ulong first, ulong second, bool isMaximum, ref SseEnvironment environment)
    {
        if (SseNumber<T>.IsNaN(first) || SseNumber<T>.IsNaN(second))
        {
            environment.Raised |= SseExceptions.Invalid;
            return SseNumber<T>.Flush(second, environment);
        }

        first = SseNumber<T>.Flush(first, environment);
        second = SseNumber<T>.Flush(second, environment);
        SseNumber<T>.NoteDenormal(first, ref environment);
        SseNumber<T>.NoteDenormal(second, ref environment);
        if (SseNumber<T>.IsZero(first) && SseNumber<T>.IsZero(second)) return second;
        long difference = Order(first).CompareTo(Order(second));
        return (isMaximum ? difference > 0 : difference < 0) ? first : second;
    }

    /// <summary>Compares: unordered, less, equal or greater.</summary>
    /// <param name="first">First source.</param>
    /// <param name="second">Second source.</param>
    /// <param name="signalsQuiet">A QNaN raises IE too.</param>
    /// <param name="environment">MXCSR.</param>
    /// <returns>Negative, 0 or positive; null for unordered.</returns>
    public static int? Compare(ulong first, ulong second, bool signalsQuiet, ref SseEnvironment environment)
    {
        if (SseNumber<T>.IsNaN(first) || SseNumber<T>.IsNaN(second))
        {
            bool signals = signalsQuiet || SseNumber<T>.IsSignaling(first) || SseNumber<T>.IsSignaling(second);
            if (signals) environment.Raised |= SseExceptions.Invalid;
            return null;
        }

        first = SseNumber<T>.Flush(first, environment);
        second = SseNumber<T>.Flush(second, environment);
        SseNumber<T>.NoteDenormal(first, ref environment);
        SseNumber<T>.NoteDenormal(second, ref environment);
        return Order(first).CompareTo(Order(second));
    }

    private static ulong AddFinite(ulong first, ulong second, ref SseEnvironment environment)
    {
        first = SseNumber<T>.Flush(first, environment);
        second = SseNumber<T>.Flush(second, environment);
        bool firstInfinite = SseNumber<T>.IsInfinite(first);
        bool secondInfinite = SseNumber<T>.IsInfinite(second);
        if (firstInfinite && secondInfinite && first != second) return SseNumber<T>.Invalid(ref environment);
        SseNumber<T>.NoteDenormal(first, ref environment);
        SseNumber<T>.NoteDenormal(second, ref environment);
        if (firstInfinite) return first;
        if (secondInfinite) return second;
        if (SseNumber<T>.IsZero(first) && SseNumber<T>.IsZero(second)) return first == second ? first : ZeroOfCancellation(environment);

        // FTZ flushes a tiny sum, even an exact one: operands that are zero go through rounding too.
        if (SseNumber<T>.IsZero(first)) (first, second) = (second, first);
        if (SseNumber<T>.Magnitude(first) < SseNumber<T>.Magnitude(second)) (first, second) = (second, first);
        bool sign = SseNumber<T>.IsNegative(first);
        UInt128 large = (UInt128)SseNumber<T>.Unpack(first, out int exponent) << 63;
        UInt128 small = UInt128.Zero;
        if (!SseNumber<T>.IsZero(second))
        {
            small = (UInt128)SseNumber<T>.Unpack(second, out int secondExponent) << 63;
            small = ShiftSticky(small, exponent - secondExponent);
        }

        UInt128 sum = ((first ^ second) & SseNumber<T>.SignBit) == 0 ? large + small : large - small;
        if (sum == UInt128.Zero) return ZeroOfCancellation(environment);
        int shift = (int)UInt128.LeadingZeroCount(sum);
        sum <<= shift;
        ulong significand = (ulong)(sum >> 64) | ((ulong)sum != 0 ? 1UL : 0UL);
        return SseNumber<T>.Round(sign, exponent + 1 - shift, significand, ref environment);
    }

    private static ulong ZeroOfCancellation(in SseEnvironment environment)
        => environment.Rounding == SseRounding.Down ? SseNumber<T>.SignBit : 0;

    private static UInt128 ShiftSticky(UInt128 value, int count)
    {
        if (count == 0) return value;
        if (count > 126) return UInt128.One;
        UInt128 shifted = value >> count;
        return (shifted << count) == value ? shifted : shifted | UInt128.One;
    }

    /// <summary>Maps to integers that compare as the numbers do; both zeroes are 0.</summary>
    private static long Order(ulong value)
        => SseNumber<T>.IsNegative(value) ? -(long)SseNumber<T>.Magnitude(value) : (long)SseNumber<T>.Magnitude(value);

    /// <summary>Integer square root of a value of at least 2^126: an estimate in hardware, then corrected.</summary>
    private static ulong Root(UInt128 radicand, out bool isExact)
    {
        ulong root = 0;
        double estimate = Math.Sqrt((double)radicand);
        root = estimate >= 18446744073709551615.0 ? ulong.MaxValue : (ulong)estimate;

        // One Newton step from 53 good bits gives 64; what is left is off by a unit or two.
        root = Step(root, radicand);
        while ((UInt128)root * root > radicand) root--;
        while (root != ulong.MaxValue && (UInt128)(root + 1) * (root + 1) <= radicand) root++;
        isExact = (UInt128)root * root == radicand;
        return root;
    }

    private static ulong Step(ulong root, UInt128 radicand)
    {
        UInt128 next = ((UInt128)root + (radicand / root)) >> 1;
        return next > ulong.MaxValue ? ulong.MaxValue : (ulong)next;
    }
}
