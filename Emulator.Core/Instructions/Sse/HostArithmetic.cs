using System.Runtime.CompilerServices;

namespace Emulator.Core.Instructions.Sse;

/// <summary>
/// When the host's result and an exact residual prove value and flags: no operand is special, the result is far from
/// both ends of the range, so that residuals are representable and no exception but PE can occur.
/// </summary>
internal static class HostArithmetic
{
    private const uint SingleExponent = 0xFF;
    private const uint DoubleExponent = 0x7FF;

    // Residuals of a 53-bit operation lie up to 106 bits below the result; of a 24-bit one within doubles.
    private const uint DoubleMargin = 110;
    private const uint SingleMargin = 2;

    /// <summary>Zero or normal, and below the last binade.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsOrdinary(float value)
    {
        uint exponent = Exponent(value);
        return exponent - 1 < SingleExponent - 3 || value == 0;
    }

    /// <inheritdoc cref="IsOrdinary(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsOrdinary(double value)
    {
        uint exponent = Exponent(value);
        return exponent - 1 < DoubleExponent - 3 || value == 0;
    }

    /// <summary>Normal with a margin to underflow and overflow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsProvable(float value) => Exponent(value) - SingleMargin < SingleExponent - (2 * SingleMargin);

    /// <inheritdoc cref="IsProvable(float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsProvable(double value) => Exponent(value) - DoubleMargin < DoubleExponent - (2 * DoubleMargin);

    /// <summary>Knuth's two-sum: the error of a sum, exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsExactSum(float first, float second, float sum)
    {
        float part = sum - first;
        return (first - (sum - part)) + (second - part) == 0;
    }

    /// <inheritdoc cref="IsExactSum(float, float, float)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsExactSum(double first, double second, double sum)
    {
        double part = sum - first;
        return (first - (sum - part)) + (second - part) == 0;
    }

    private static uint Exponent(float value) => (BitConverter.SingleToUInt32Bits(value) >> 23) & SingleExponent;

    private static uint Exponent(double value) => (uint)(BitConverter.DoubleToUInt64Bits(value) >> 52) & DoubleExponent;
}
