using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Conformance.Core.Sse;

/// <summary>Every register form gives what this machine's processor gives: result, MXCSR, general register and flags.</summary>
public sealed unsafe class SseAgainstHostTests
{
    private const int Rounds = 3000;
    private const ulong StatusFlags = 0x8D5;

    private static readonly ulong[] EdgesOf64 =
    [
        0, 1UL << 63, 1, 0x000F_FFFF_FFFF_FFFF, 0x0010_0000_0000_0000, 0x0010_0000_0000_0001, 0x001F_FFFF_FFFF_FFFF,
        0x3FF0_0000_0000_0000, 0x3FF0_0000_0000_0001, 0x3FE0_0000_0000_0000, 0x3FDF_FFFF_FFFF_FFFF, 0x7FEF_FFFF_FFFF_FFFF,
        0x7FF0_0000_0000_0000, 0x7FF0_0000_0000_0001, 0x7FF8_0000_0000_0000, 0x7FF8_1234_5678_9ABC, 0x7FF4_0000_0000_0000,
        0x41DF_FFFF_FFC0_0000, 0x41DF_FFFF_FFE0_0000, 0x41E0_0000_0000_0000, 0x43E0_0000_0000_0000, 0x3F80_0000_3F80_0000,
        0x3690_0000_0000_0000, 0x380F_FFFF_F000_0000, 0x380F_FFFF_FFFF_FFFF, 0x47EF_FFFF_F000_0000, 0x5FE0_0000_0000_0000,
    ];

    private static readonly uint[] EdgesOf32 =
    [
        0, 1u << 31, 1, 0x007F_FFFF, 0x0080_0000, 0x0080_0001, 0x3F80_0000, 0x3F80_0001, 0x3F00_0000, 0x3EFF_FFFF, 0x7F7F_FFFF,
        0x7F80_0000, 0x7F80_0001, 0x7FC0_0000, 0x7FC1_2345, 0x7FA0_0000, 0x4EFF_FFFF, 0x4F00_0000, 0x5F00_0000, 0x3FC0_0000,
    ];

    public static TheoryData<string> Names => [.. SseCases.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Equals_host(string name)
    {
        if (!HostInstruction.IsAvailable) return;
        Action<Assembler> emit = SseCases.All[name];
        delegate* unmanaged<VectorRegisters*, void> native = HostInstruction.Compile(emit);
        Instruction instruction = HostInstruction.Decode(emit);
        using var model = new ModelInstruction();
        var random = new Random(name.Length * 7919);
        for (int round = 0; round < Rounds; round++)
        {
            VectorRegisters before = Draw(random, round);
            VectorRegisters expected = before;
            VectorRegisters actual = before;
            native(&expected);
            Assert.True(model.Run(in instruction, ref actual), $"{name}: fault");
            string shown = $"{name} xmm0={before.Xmm0High:X16}:{before.Xmm0Low:X16} xmm1={before.Xmm1High:X16}:{before.Xmm1Low:X16} "
                + $"mm0={before.Mm0:X16} mm1={before.Mm1:X16} rax={before.Rax:X} rdx={before.Rdx:X} mxcsr={before.Mxcsr:X}: ";
            Assert.Equal(shown + Show(expected, name), shown + Show(actual, name));
        }
    }

    private static string Show(in VectorRegisters r, string name)
        => $"{r.Xmm0High:X16}:{r.Xmm0Low:X16} mxcsr={r.Mxcsr:X} rax={r.Rax:X} rcx={r.Rcx:X} mm0={r.Mm0:X16}"
            + (SseCases.WritesFlags(name) ? $" flags={r.Flags & StatusFlags:X}" : string.Empty);

    private static VectorRegisters Draw(Random random, int round) => new()
    {
        Xmm0Low = Value(random),
        Xmm0High = Value(random),
        Xmm1Low = Value(random),
        Xmm1High = Value(random),
        Xmm2Low = Value(random),
        Xmm2High = Value(random),
        Rax = random.Next(4) == 0 ? Value(random) : (ulong)(long)random.Next(-20, 20),
        Rdx = random.Next(4) == 0 ? Value(random) : (ulong)(long)random.Next(-20, 20),
        Mm0 = Value(random),
        Mm1 = Value(random),
        Mxcsr = 0x1F80u | (round % 3 == 0 ? 0 : (uint)random.Next(4) << 13) | (round % 3 == 2 ? (uint)random.Next(2) << 15 | (uint)random.Next(2) << 6 : 0)
            | (random.Next(2) == 0 ? 0u : (uint)random.Next(64)),
    };

    private static ulong Value(Random random) => random.Next(9) switch
    {
        0 => (ulong)random.NextInt64() << 1 ^ (ulong)random.NextInt64(),
        1 => EdgesOf64[random.Next(EdgesOf64.Length)] ^ ((ulong)random.Next(2) << 63),
        2 => Single(random) | ((ulong)Single(random) << 32),
        3 => (ulong)random.Next(0, 70),
        4 => BitConverter.DoubleToUInt64Bits((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-40, 70))),
        7 => Text(random),
        5 => BitConverter.DoubleToUInt64Bits(random.Next(-100, 100) * 0.25),
        6 => BitConverter.DoubleToUInt64Bits((random.NextDouble() + 0.5) * Math.Pow(2, random.Next(-1074, 1023))),
        _ => BitConverter.SingleToUInt32Bits((float)((random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-20, 20))))
            | ((ulong)BitConverter.SingleToUInt32Bits((float)((random.NextDouble() + 0.5) * Math.Pow(2, random.Next(-149, 127)))) << 32),
    };

    private static uint Single(Random random) => EdgesOf32[random.Next(EdgesOf32.Length)] ^ ((uint)random.Next(2) << 31);

    /// <summary>Bytes of a small alphabet with zeroes: strings that match in part.</summary>
    private static ulong Text(Random random)
    {
        ulong text = 0;
        for (int index = 0; index < 8; index++) text = (text << 8) | (uint)random.Next(4);
        return text;
    }
}
