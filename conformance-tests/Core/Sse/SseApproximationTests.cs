using Emulator.Core.Instructions.Sse;

namespace Conformance.Core.Sse;

/// <summary>RCPPS and RSQRTPS keep the SDM's bound on the relative error.</summary>
public sealed class SseApproximationTests
{
    private static readonly double Bound = 1.5 * Math.Pow(2, -12);

    [Fact]
    public void Relative_error_is_within_the_bound()
    {
        for (uint bits = 0x0100_0000; bits < 0x7E00_0000; bits += 9_973)
        {
            double value = BitConverter.UInt32BitsToSingle(bits);
            double reciprocal = BitConverter.UInt32BitsToSingle(SseApproximation.Reciprocal(bits));
            double root = BitConverter.UInt32BitsToSingle(SseApproximation.ReciprocalRoot(bits));
            Assert.True(Math.Abs((reciprocal * value) - 1) <= Bound, $"RCPSS {bits:X8}");
            Assert.True(Math.Abs((root * Math.Sqrt(value)) - 1) <= Bound, $"RSQRTSS {bits:X8}");
        }
    }

    [Theory]
    [InlineData(0x0000_0000u, 0x7F80_0000u, 0x7F80_0000u)]
    [InlineData(0x8000_0001u, 0xFF80_0000u, 0xFF80_0000u)]
    [InlineData(0x7F80_0000u, 0x0000_0000u, 0x0000_0000u)]
    [InlineData(0xBF80_0000u, 0xBF80_0000u, 0xFFC0_0000u)]
    [InlineData(0x7F80_0001u, 0x7FC0_0001u, 0x7FC0_0001u)]
    public void Special_operands(uint value, uint reciprocal, uint root)
    {
        Assert.Equal(reciprocal, SseApproximation.Reciprocal(value));
        Assert.Equal(root, SseApproximation.ReciprocalRoot(value));
    }
}
