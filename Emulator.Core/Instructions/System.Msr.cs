using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>RDMSR, WRMSR and the MSRs of the processor. SDM Vol. 4, "Architectural MSRs".</summary>
internal static unsafe class ModelSpecificRegisters
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Rdmsr>(Mnemonic.Rdmsr, Ends.Block),
        InstructionRow.Of<Wrmsr>(Mnemonic.Wrmsr, Ends.Block),
        InstructionRow.Of<Rdtsc>(Mnemonic.Rdtsc),
        InstructionRow.Of<Rdtscp>(Mnemonic.Rdtscp),
        InstructionRow.Of<Rdpmc>(Mnemonic.Rdpmc),
    ];

    private const ulong MtrrCapabilities = 8 | (1UL << 8) | (1UL << 10);

    /// <summary>RDCL_NO, IBRS_ALL no; SKIP_L1DFL, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO: none of these leaks exists here.</summary>
    private const ulong ArchitecturalCapabilities = (1UL << 0) | (1UL << 3) | (1UL << 5) | (1UL << 6) | (1UL << 8)
        | (1UL << 13) | (1UL << 14) | (1UL << 15) | (1UL << 17) | (1UL << 26) | (1UL << 27);

    private const ulong MicrocodeRevision = 0xFFUL << 32;

    /// <summary>Reads an MSR; false: it does not exist here.</summary>
    public static bool TryRead(Processor cpu, uint msr, out ulong value)
    {
        ProcessorState* state = cpu.State;
        if (cpu.Extension is { } extension && extension.TryReadMsr(msr, out value) is { } answered) return answered;
        switch (msr)
        {
            case 0x10: value = cpu.Tsc + GuestTscOffset(cpu); return true;
            case 0x1B: value = cpu.LocalApic?.ApicBase ?? 0; return cpu.LocalApic != null;
            case 0x3B: value = state->TscAdjust; return true;
            case 0x8B: value = MicrocodeRevision; return true;
            case 0xFE: value = MtrrCapabilities; return true;
            case 0x10A: value = ArchitecturalCapabilities; return true;
            case 0x174: value = state->SysenterCs; return true;
            case 0x175: value = state->SysenterEsp; return true;
            case 0x176: value = state->SysenterEip; return true;
            case 0x179: value = 0; return true;
            case 0x17A: value = 0; return true;
            case 0x1A0: value = state->MiscEnable; return true;
            case 0x1D9: value = state->DebugCtl; return true;
            case >= 0x200 and <= 0x20F: value = state->MtrrVariable[msr - 0x200]; return true;
            case 0x277: value = state->Pat; return true;
            case 0x2FF: value = state->MtrrDefType; return true;
            case 0x6E0 or (>= 0x800 and <= 0x8FF):
                value = 0;
                return cpu.LocalApic?.TryReadMsr(msr, out value) ?? false;
            case 0xDA0: value = state->Xss; return true;
            case 0xC000_0080: value = state->Efer; return true;
            case 0xC000_0081: value = state->Star; return true;
            case 0xC000_0082: value = state->Lstar; return true;
            case 0xC000_0083: value = state->Cstar; return true;
            case 0xC000_0084: value = state->Fmask; return true;
            case 0xC000_0100: value = state->Fs.Base; return true;
            case 0xC000_0101: value = state->Gs.Base; return true;
            case 0xC000_0102: value = state->KernelGsBase; return true;
            case 0xC000_0103: value = state->TscAux; return true;
            default:
                value = 0;
                int fixedIndex = FixedRange(msr);
                if (fixedIndex < 0) return false;
                value = state->MtrrFixed[fixedIndex];
                return true;
        }
    }

    /// <summary>Writes an MSR; false: it does not exist or refuses the value, #GP(0).</summary>
    public static bool TryWrite(Processor cpu, uint msr, ulong value)
    {
        ProcessorState* state = cpu.State;
        if (cpu.Extension?.TryWriteMsr(msr, value) is { } answered) return answered;
        switch (msr)
        {
            case 0x10: SetTsc(cpu, value); return true;
            case 0x1B: return cpu.LocalApic?.TryWriteApicBase(value) ?? false;
            case 0x3B:
                state->TscOffset += value - state->TscAdjust;
                state->TscAdjust = value;
                return true;
            case 0x8B: return true;
            case 0x174: state->SysenterCs = (uint)value; return true;
            case 0x175: return Canonical(value, ref state->SysenterEsp);
            case 0x176: return Canonical(value, ref state->SysenterEip);
            case 0x17A: return value == 0;
            case 0x1A0: state->MiscEnable = (state->MiscEnable & ~1UL) | (value & 1); return true;
            case 0x1D9: return Masked(value, 0x3, ref state->DebugCtl);
            case >= 0x200 and <= 0x20F: return WriteVariableMtrr(cpu, msr, value);
            case 0x277: return IsValidPat(value) && Masked(value, ulong.MaxValue, ref state->Pat);
            case 0x2FF: return IsMemoryType(value & 0xFF) && Masked(value, 0xCFF, ref state->MtrrDefType);
            case 0x6E0 or (>= 0x800 and <= 0x8FF): return cpu.LocalApic?.TryWriteMsr(msr, value) ?? false;
            case 0xDA0: return Masked(value, 0, ref state->Xss);
            case 0xC000_0080: return WriteEfer(cpu, value);
            case 0xC000_0081: state->Star = value; return true;
            case 0xC000_0082: return Canonical(value, ref state->Lstar);
            case 0xC000_0083: return Canonical(value, ref state->Cstar);
            case 0xC000_0084: return Masked(value, uint.MaxValue, ref state->Fmask);
            case 0xC000_0100: return Canonical(value, ref state->Fs.Base);
            case 0xC000_0101: return Canonical(value, ref state->Gs.Base);
            case 0xC000_0102: return Canonical(value, ref state->KernelGsBase);
            case 0xC000_0103: return Masked(value, uint.MaxValue, ref state->TscAux);
            default:
                int fixedIndex = FixedRange(msr);
                if (fixedIndex < 0 || !AreMemoryTypes(value)) return false;
                state->MtrrFixed[fixedIndex] = value;
                return true;
        }
    }

    /// <summary>PAT entries may be UC, WC, WT, WP, WB, UC-. SDM Vol. 3A, "IA32_PAT MSR".</summary>
    public static bool IsValidPat(ulong value)
    {
        for (int i = 0; i < 8; i++, value >>= 8)
        {
            if ((value & 0xFF) is not (0 or 1 or 4 or 5 or 6 or 7)) return false;
        }

        return true;
    }

    private static ulong GuestTscOffset(Processor cpu) => cpu.Extension is { InNonRoot: true } extension ? extension.TscOffset : 0;

    private static void SetTsc(Processor cpu, ulong value)
    {
        // SDM Vol. 3B, "Time-Stamp Counter Adjustment": a write to the counter moves IA32_TSC_ADJUST by as much.
        ulong offset = value - cpu.Clock.Now;
        cpu.State->TscAdjust += offset - cpu.State->TscOffset;
        cpu.State->TscOffset = offset;
    }

    private static bool Canonical(ulong value, ref ulong target)
    {
        if (!Processor.IsCanonical(value)) return false;
        target = value;
        return true;
    }

    private static bool Masked(ulong value, ulong allowed, ref ulong target)
    {
        if ((value & ~allowed) != 0) return false;
        target = value;
        return true;
    }

    private static bool IsMemoryType(ulong type) => type is 0 or 1 or 4 or 5 or 6;

    private static bool AreMemoryTypes(ulong value)
    {
        for (int i = 0; i < 8; i++, value >>= 8)
        {
            if (!IsMemoryType(value & 0xFF)) return false;
        }

        return true;
    }

    private static int FixedRange(uint msr) => msr switch
    {
        0x250 => 0,
        0x258 => 1,
        0x259 => 2,
        >= 0x268 and <= 0x26F => (int)(msr - 0x268) + 3,
        _ => -1,
    };

    private static bool WriteVariableMtrr(Processor cpu, uint msr, ulong value)
    {
        ulong beyond = ~((1UL << cpu.Model.PhysicalAddressBits) - 1);
        bool isMask = (msr & 1) != 0;
        if ((value & beyond) != 0 || (isMask ? value & 0x7FF : value & 0xF00) != 0) return false;
        if (!isMask && !IsMemoryType(value & 0xFF)) return false;
        cpu.State->MtrrVariable[msr - 0x200] = value;
        return true;
    }

    private static bool WriteEfer(Processor cpu, ulong value)
    {
        ProcessorState* state = cpu.State;
        const ulong writable = ControlRegisters.EferSCE | ControlRegisters.EferLME | ControlRegisters.EferNXE;
        if ((value & ~(writable | ControlRegisters.EferLMA)) != 0) return false;
        bool pagingOn = (state->Cr0 & ControlRegisters.Cr0PG) != 0;
        if (pagingOn && ((value ^ state->Efer) & ControlRegisters.EferLME) != 0) return false;
        state->Efer = (value & writable) | (state->Efer & ControlRegisters.EferLMA);
        cpu.UpdateMode();
        return true;
    }

    private readonly struct Rdmsr : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor()) return false;
            if (!TryRead(cpu, (uint)state->Gpr[1], out ulong value)) return cpu.RaiseGeneralProtection(FaultCause.Msr);
            state->Gpr[0] = (uint)value;
            state->Gpr[2] = value >> 32;
            return true;
        }
    }

    private readonly struct Wrmsr : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor()) return false;
            ulong value = (state->Gpr[2] << 32) | (uint)state->Gpr[0];
            return TryWrite(cpu, (uint)state->Gpr[1], value) || cpu.RaiseGeneralProtection(FaultCause.Msr);
        }
    }

    private static bool ReadTsc(Processor cpu, ProcessorState* state)
    {
        if ((state->Cr4 & ControlRegisters.Cr4TSD) != 0 && state->Cpl != 0) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
        ulong value = cpu.Tsc + GuestTscOffset(cpu);
        state->Gpr[0] = (uint)value;
        state->Gpr[2] = value >> 32;
        return true;
    }

    private readonly struct Rdtsc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => ReadTsc(cpu, state);
    }

    private readonly struct Rdtscp : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!ReadTsc(cpu, state)) return false;
            state->Gpr[1] = (uint)state->TscAux;
            return true;
        }
    }

    /// <summary>There are no performance counters (CPUID.0AH version 0).</summary>
    private readonly struct Rdpmc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => cpu.RaiseGeneralProtection(FaultCause.Msr);
    }
}
