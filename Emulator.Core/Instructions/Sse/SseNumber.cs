using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emulator.Core.Instructions.Sse;

/// <summary>A binary interchange format in a word of 64 bits.</summary>
internal interface IBinaryFormat
{
    /// <summary>Bits of the fraction, without the integer bit.</summary>
    static abstract int FractionBits { get; }

    /// <summary>Bits of the exponent.</summary>
    static abstract int ExponentBits { get; }
}

/// <summary>Single precision.</summary>
internal readonly struct Binary32 : IBinaryFormat
{
    /// <inheritdoc/>
    public static int FractionBits => 23;

    /// <inheritdoc/>
    public static int ExponentBits => 8;
}

/// <summary>Double precision.</summary>
internal readonly struct Binary64 : IBinaryFormat
{
    /// <inheritdoc/>
    public static int FractionBits => 52;

    /// <inheritdoc/>
    public static int ExponentBits => 11;
}

/// <summary>
/// Classification, unpacking and rounding in a format. SDM Vol. 1, "Real Numbers and Floating-Point Formats".
/// </summary>
internal static class SseNumber<T>
    where T : struct, IBinaryFormat
{
    /// <summary>The exponent of all ones: infinities and NaNs.</summary>
    public static ulong Infinity => ((1UL << T.ExponentBits) - 1) << T.FractionBits;

    /// <summary>The sign.</summary>
    public static ulong SignBit => 1UL << (T.FractionBits + T.ExponentBits);

    /// <summary>The bit that makes a NaN quiet.</summary>
    public static ulong QuietBit => 1UL << (T.FractionBits - 1);

    /// <summary>QNaN floating-point indefinite.</summary>
    public static ulong Indefinite => SignBit | Infinity | QuietBit;

    /// <summary>The greatest finite magnitude.</summary>
    public static ulong Largest => Infinity - 1;

    /// <summary>Exponent bias; also the greatest exponent.</summary>
    public static int Bias => (1 << (T.ExponentBits - 1)) - 1;

    private static ulong FractionMask => (1UL << T.FractionBits) - 1;

    /// <summary>Without the sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Magnitude(ulong value) => value & (SignBit - 1);

    /// <summary>Whether the value is negative (or a NaN with the sign set).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNegative(ulong value) => (value & SignBit) != 0;

    /// <summary>A NaN of either kind.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNaN(ulong value) => Magnitude(value) > Infinity;

    /// <summary>A signaling NaN.</summary>
    public static bool IsSignaling(ulong value) => IsNaN(value) && (value & QuietBit) == 0;

    /// <summary>An infinity.</summary>
    public static bool IsInfinite(ulong value) => Magnitude(value) == Infinity;

    /// <summary>A zero.</summary>
    public static bool IsZero(ulong value) => Magnitude(value) == 0;

    /// <summary>A denormal.</summary>
    public static bool IsDenormal(ulong value) => Magnitude(value) - 1 < FractionMask;

    /// <summary>The zero that DAZ makes of a denormal; any other value as it is.</summary>
    public static ulong Flush(ulong value, in SseEnvironment environment)
        => environment.DenormalsAreZero && IsDenormal(value) ? value & SignBit : value;

    /// <summary>Result when an operand is a NaN: the first source if it is one, else the second, made quiet.</summary>
    public static ulong Propagate(ulong first, ulong second, ref SseEnvironment environment)
    {
        if (IsSignaling(first) || IsSignaling(second)) environment.Raised |= SseExceptions.Invalid;
        return (IsNaN(first) ? first : second) | QuietBit;
    }

    /// <summary>IE and the indefinite.</summary>
    public static ulong Invalid(ref SseEnvironment environment)
    {
        environment.Raised |= SseExceptions.Invalid;
        return Indefinite;
    }

    /// <summary>DE for a denormal operand (DAZ has been applied).</summary>
    public static void NoteDenormal(ulong value, ref SseEnvironment environment)
    {
        if (IsDenormal(value)) environment.Raised |= SseExceptions.Denormal;
    }

    /// <summary>Significand with its leading one at bit 63, and the exponent of that one. The value is finite and not 0.</summary>
    public static ulong Unpack(ulong value, out int exponent)
    {
        ulong fraction = value & FractionMask;
        int biased = (int)(Magnitude(value) >> T.FractionBits);
        if (biased != 0)
        {
            exponent = biased - Bias;
            return (fraction | (1UL << T.FractionBits)) << (63 - T.FractionBits);
        }

        int shift = BitOperations.LeadingZeroCount(fraction);
        exponent = 1 - Bias + (63 - T.FractionBits) - shift;
        return fraction << shift;
    }

    /// <summary>
    /// The nearest representable value in the rounding direction. Bit 63 of the significand is set and has the given
    /// exponent; bit 0 is sticky: set when anything nonzero lies below. Tininess is detected after rounding.
    /// </summary>
    public static ulong Round(bool isNegative, int exponent, ulong significand, ref SseEnvironment environment)
    {
        ulong sign = isNegative ? SignBit : 0;
        int discarded = 63 - T.FractionBits;
        int minimum = 1 - Bias;
        ulong rounded = Cut(isNegative, significand, discarded, environment.Rounding, out bool isInexact);
        int roundedExponent = exponent + (int)(rounded >> (T.FractionBits + 1));
        if (roundedExponent < minimum) return RoundTiny(isNegative, exponent, significand, isInexact, ref environment);
        if (isInexact) environment.Raised |= SseExceptions.Precision;
        if (roundedExponent > Bias) return sign | Overflow(isNegative, ref environment);

        // A carry out of the fraction leaves it 0, so that adding makes the next exponent.
        return sign | ((((ulong)(exponent + Bias - 1)) << T.FractionBits) + rounded);
    }

    private static ulong RoundTiny(bool isNegative, int exponent, ulong significand, bool isInexactUnbounded, ref SseEnvironment environment)
    {
        ulong sign = isNegative ? SignBit : 0;
        if (!environment.IsMasked(SseExceptions.Underflow))
        {
            environment.Raised |= SseExceptions.Underflow | (isInexactUnbounded ? SseExceptions.Precision : SseExceptions.None);
            return sign;
        }

        if (environment.FlushesToZero)
        {
            environment.Raised |= SseExceptions.Underflow | SseExceptions.Precision;
            return sign;
        }

        int below = 1 - Bias - exponent;
        ulong shifted = below < 64 ? (significand >> below) | ((significand << (64 - below)) != 0 && below != 0 ? 1UL : 0UL) : 1UL;
        ulong result = Cut(isNegative, shifted, 63 - T.FractionBits, environment.Rounding, out bool isInexact);
        if (isInexact) environment.Raised |= SseExceptions.Underflow | SseExceptions.Precision;
        return sign | result;
    }

    private static ulong Overflow(bool isNegative, ref SseEnvironment environment)
    {
        environment.Raised |= SseExceptions.Overflow | SseExceptions.Precision;
        bool toInfinity = environment.Rounding switch
        {
            SseRounding.Nearest => true,
            SseRounding.Down => isNegative,
            SseRounding.Up => !isNegative,
            _ => false,
        };
        return toInfinity ? Infinity : Largest;
    }

    /// <summary>Drops low bits in the rounding direction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong Cut(bool isNegative, ulong significand, int bits, SseRounding rounding, out bool isInexact)
    {
        ulong kept = significand >> bits;
        ulong rest = significand & ((1UL << bits) - 1);
        isInexact = rest != 0;
        if (!isInexact) return kept;
        ulong half = 1UL << (bits - 1);
        bool up = rounding switch
        {
            SseRounding.Nearest => rest > half || (rest == half && (kept & 1) != 0),
            SseRounding.Down => isNegative,
            SseRounding.Up => !isNegative,
            _ => false,
        };
        return kept + (up ? 1UL : 0UL);
    }
}
