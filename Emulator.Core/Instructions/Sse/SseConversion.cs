namespace Emulator.Core.Instructions.Sse;

/// <summary>Conversions of one element. SDM Vol. 1, "Intel SSE2 Conversion Instructions"; Vol. 2, "ROUNDPS".</summary>
internal static class SseConversion<T>
    where T : struct, IBinaryFormat
{
    /// <summary>A signed integer, rounded.</summary>
    public static ulong FromInteger(long value, ref SseEnvironment environment)
    {
        if (value == 0) return 0;
        ulong magnitude = value < 0 ? 0UL - (ulong)value : (ulong)value;
        int shift = System.Numerics.BitOperations.LeadingZeroCount(magnitude);
        return SseNumber<T>.Round(value < 0, 63 - shift, magnitude << shift, ref environment);
    }

    /// <summary>To a signed integer of 32 or 64 bits; what does not fit is IE and the integer indefinite.</summary>
    public static long ToInteger(ulong value, int bits, bool truncates, ref SseEnvironment environment)
    {
        value = SseNumber<T>.Flush(value, environment);
        if (SseNumber<T>.IsZero(value)) return 0;
        bool isNegative = SseNumber<T>.IsNegative(value);
        ulong limit = 1UL << (bits - 1);
        ulong integer = ulong.MaxValue;
        bool isInexact = false;
        if (SseNumber<T>.Magnitude(value) < SseNumber<T>.Infinity)
        {
            integer = RoundedMagnitude(value, isNegative, truncates ? SseRounding.Zero : environment.Rounding, out isInexact);
        }

        if (integer > (isNegative ? limit : limit - 1))
        {
            environment.Raised |= SseExceptions.Invalid;
            return bits == 32 ? int.MinValue : long.MinValue;
        }

        if (isInexact) environment.Raised |= SseExceptions.Precision;
        return isNegative ? (long)(0UL - integer) : (long)integer;
    }

    /// <summary>To an integral value in the same format; imm8 selects the direction and hides PE.</summary>
    public static ulong RoundToIntegral(ulong value, byte immediate, ref SseEnvironment environment)
    {
        if (SseNumber<T>.IsNaN(value)) return SseNumber<T>.Propagate(value, value, ref environment);
        value = SseNumber<T>.Flush(value, environment);
        if (SseNumber<T>.IsZero(value) || SseNumber<T>.IsInfinite(value)) return value;
        SseNumber<T>.Unpack(value, out int exponent);
        if (exponent >= T.FractionBits) return value;
        SseRounding rounding = (immediate & 4) != 0 ? environment.Rounding : (SseRounding)(immediate & 3);
        bool isNegative = SseNumber<T>.IsNegative(value);
        ulong integer = RoundedMagnitude(value, isNegative, rounding, out bool isInexact);
        if (isInexact && (immediate & 8) == 0) environment.Raised |= SseExceptions.Precision;
        var exact = new SseEnvironment(ExtendedStateImage.MxcsrInitial);
        return FromInteger((long)integer, ref exact) | (isNegative ? SseNumber<T>.SignBit : 0);
    }

    /// <summary>To another format.</summary>
    public static ulong To<TTarget>(ulong value, ref SseEnvironment environment)
        where TTarget : struct, IBinaryFormat
    {
        int shift = TTarget.FractionBits - T.FractionBits;
        bool isNegative = SseNumber<T>.IsNegative(value);
        ulong sign = isNegative ? SseNumber<TTarget>.SignBit : 0;
        if (SseNumber<T>.IsNaN(value))
        {
            if (SseNumber<T>.IsSignaling(value)) environment.Raised |= SseExceptions.Invalid;
            ulong payload = value & ((1UL << T.FractionBits) - 1);
            payload = shift >= 0 ? payload << shift : payload >> -shift;
            return sign | SseNumber<TTarget>.Infinity | SseNumber<TTarget>.QuietBit | payload;
        }

        value = SseNumber<T>.Flush(value, environment);
        if (SseNumber<T>.IsZero(value)) return sign;
        if (SseNumber<T>.IsInfinite(value)) return sign | SseNumber<TTarget>.Infinity;
        SseNumber<T>.NoteDenormal(value, ref environment);
        ulong significand = SseNumber<T>.Unpack(value, out int exponent);
        return SseNumber<TTarget>.Round(isNegative, exponent, significand, ref environment);
    }

    /// <summary>The magnitude of a finite value that is not 0 as an integer; all ones when 64 bits do not hold it.</summary>
    private static ulong RoundedMagnitude(ulong value, bool isNegative, SseRounding rounding, out bool isInexact)
    {
        isInexact = false;
        ulong significand = SseNumber<T>.Unpack(value, out int exponent);
        if (exponent > 63) return ulong.MaxValue;
        int discarded = 63 - exponent;
        if (discarded > 63)
        {
            // Below 1: one half and more keep their distance from a half, the rest is only sticky.
            significand = discarded == 64 ? (significand >> 1) | (significand & 1) : 1;
            discarded = 63;
        }

        return SseNumber<T>.Cut(isNegative, significand, discarded, rounding, out isInexact);
    }
}
