namespace Emulator.Core.Instructions.Sse;

/// <summary>
/// RCPPS and RSQRTPS. SDM Vol. 2 bounds the relative error by 1.5 * 2^-12; the tables of real processors are not
/// public. Here: the exact result rounded to 12 fraction bits. MXCSR has no influence and no flag is set.
/// </summary>
internal static class SseApproximation
{
    private const int DroppedBits = 11;

    /// <summary>1 / x; denormals count as zeroes, on either side.</summary>
    public static uint Reciprocal(uint value)
    {
        uint sign = value & 0x8000_0000;
        if (SseNumber<Binary32>.IsNaN(value)) return value | (uint)SseNumber<Binary32>.QuietBit;
        if (SseNumber<Binary32>.IsInfinite(value)) return sign;
        if (SseNumber<Binary32>.IsZero(value) || SseNumber<Binary32>.IsDenormal(value)) return sign | (uint)SseNumber<Binary32>.Infinity;
        uint result = Shorten(1.0f / BitConverter.UInt32BitsToSingle(value));
        return SseNumber<Binary32>.IsDenormal(result) ? sign : result;
    }

    /// <summary>1 / sqrt(x); denormals count as zeroes.</summary>
    public static uint ReciprocalRoot(uint value)
    {
        uint sign = value & 0x8000_0000;
        if (SseNumber<Binary32>.IsNaN(value)) return value | (uint)SseNumber<Binary32>.QuietBit;
        if (SseNumber<Binary32>.IsZero(value) || SseNumber<Binary32>.IsDenormal(value)) return sign | (uint)SseNumber<Binary32>.Infinity;
        if (sign != 0) return (uint)SseNumber<Binary32>.Indefinite;
        if (SseNumber<Binary32>.IsInfinite(value)) return 0;
        return Shorten((float)(1.0 / Math.Sqrt(BitConverter.UInt32BitsToSingle(value))));
    }

    private static uint Shorten(float value)
    {
        const uint half = 1u << (DroppedBits - 1);
        return (BitConverter.SingleToUInt32Bits(value) + half) & ~((1u << DroppedBits) - 1);
    }
}
