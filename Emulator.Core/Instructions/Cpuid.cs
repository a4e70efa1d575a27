using System.Text;
using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 2, "CPUID—CPU Identification".</summary>
internal static unsafe class CpuIdentification
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows = [InstructionRow.Of<Cpuid>(Mnemonic.Cpuid)];

    private const uint HighestBasic = 0x16;
    private const uint HighestExtended = 0x8000_0008;
    private const uint CrystalHertz = 25_000_000;
    private const uint TscPerCrystal = 40;
    private const uint TscMegahertz = 1000;
    private const uint LegacyXsaveBytes = 576;
    private const string Brand = "Emulator x86-64 processor @ 1.00GHz";

    /// <summary>The four registers of an answer.</summary>
    public readonly record struct Answer(uint Eax, uint Ebx, uint Ecx, uint Edx);

    /// <summary>What CPUID answers now, some of it from the current state (OSXSAVE, APIC).</summary>
    public static Answer Query(Processor cpu, uint leaf, uint subleaf)
    {
        CpuModel model = cpu.Model;

        // SDM: a leaf above the highest basic one gives the data of the highest basic leaf.
        bool isExtended = leaf is >= 0x8000_0000 and <= HighestExtended;
        if (!isExtended && leaf > HighestBasic) leaf = HighestBasic;
        return leaf switch
        {
            0 => new Answer(HighestBasic, 0x756E_6547, 0x6C65_746E, 0x4965_6E69),
            1 => Features(cpu),
            2 => new Answer(0x0000_FF01, 0, 0, 0),
            4 => Cache(subleaf),
            6 => new Answer(model.Bits(6, 0, 0), 0, 0, 0),
            7 => subleaf == 0 ? new Answer(0, model.Bits(7, 0, 1), model.Bits(7, 0, 2), model.Bits(7, 0, 3)) : default,
            0xB => Topology(cpu, subleaf),
            0xD => ExtendedState(cpu, subleaf),
            0x15 => new Answer(1, TscPerCrystal, CrystalHertz, 0),
            0x16 => new Answer(TscMegahertz, TscMegahertz, 100, 0),
            0x8000_0000 => new Answer(HighestExtended, 0, 0, 0),
            0x8000_0001 => new Answer(0, 0, model.Bits(leaf, 0, 2), Syscall(cpu, model.Bits(leaf, 0, 3))),
            >= 0x8000_0002 and <= 0x8000_0004 => BrandPart(leaf - 0x8000_0002),
            0x8000_0006 => new Answer(0, 0, 0x0100_6040, 0),
            0x8000_0007 => new Answer(0, 0, 0, model.Bits(leaf, 0, 3)),
            0x8000_0008 => new Answer((uint)model.PhysicalAddressBits | (48u << 8), 0, 0, 0),
            _ => default,
        };
    }

    private static Answer Features(Processor cpu)
    {
        CpuModel model = cpu.Model;
        uint ecx = model.Bits(1, 0, 2);
        uint edx = model.Bits(1, 0, 3);
        if ((cpu.State->Cr4 & ControlRegisters.Cr4OSXSAVE) != 0) ecx |= 1u << 27;
        if (cpu.Extension != null) ecx |= 1u << 5;
        const ulong apicEnable = 1UL << 11;
        if (cpu.LocalApic == null || (cpu.LocalApic.ApicBase & apicEnable) == 0) edx &= ~(1u << 9);
        if (cpu.LocalApic == null) ecx &= ~((1u << 21) | (1u << 24));
        return new Answer(model.Signature, 0x0001_0800, ecx, edx);
    }

    /// <summary>SYSCALL is announced in 64-bit mode only.</summary>
    private static uint Syscall(Processor cpu, uint bits) => cpu.Is64Bit ? bits : bits & ~(1u << 11);

    private static Answer Cache(uint subleaf) => subleaf switch
    {
        0 => new Answer(0x21, 0x01C0_003F, 63, 0),
        1 => new Answer(0x22, 0x01C0_003F, 63, 0),
        2 => new Answer(0x43, 0x00C0_003F, 1023, 0),
        _ => default,
    };

    private static Answer Topology(Processor cpu, uint subleaf) => subleaf switch
    {
        0 => new Answer(0, 1, 0x100, 0),
        1 => new Answer(0, 1, 0x201, 0),
        _ => new Answer(0, 0, subleaf & 0xFF, 0),
    };

    /// <summary>SDM Vol. 1, "Enumeration of CPU Support for XSAVE Instructions and XSAVE-Supported Features".</summary>
    private static Answer ExtendedState(Processor cpu, uint subleaf) => subleaf switch
    {
        0 => new Answer((uint)cpu.Model.Xcr0Bits, LegacyXsaveBytes, LegacyXsaveBytes, 0),
        1 => new Answer(cpu.Model.Bits(0xD, 1, 0), LegacyXsaveBytes, 0, 0),
        _ => default,
    };

    private static Answer BrandPart(uint part)
    {
        Span<byte> text = stackalloc byte[48];
        text.Clear();
        Encoding.ASCII.GetBytes(Brand, text);
        ReadOnlySpan<byte> words = text.Slice((int)part * 16, 16);
        return new Answer(
            BitConverter.ToUInt32(words), BitConverter.ToUInt32(words[4..]), BitConverter.ToUInt32(words[8..]), BitConverter.ToUInt32(words[12..]));
    }

    private readonly struct Cpuid : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            Answer answer = Query(cpu, (uint)state->Gpr[0], (uint)state->Gpr[1]);
            state->Gpr[0] = answer.Eax;
            state->Gpr[3] = answer.Ebx;
            state->Gpr[1] = answer.Ecx;
            state->Gpr[2] = answer.Edx;
            return true;
        }
    }
}
