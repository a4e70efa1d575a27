using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>Control registers. SDM Vol. 2, "MOV—Move to/from Control Registers", "CLTS", "LMSW", "SMSW"; Vol. 3A, "Control Registers".</summary>
internal static unsafe class ControlRegisterInstructions
{
    /// <summary>Rows of this family; MOV itself is in <see cref="Moves"/>.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Clts>(Mnemonic.Clts, Ends.Block),
        InstructionRow.Of<Lmsw>(Mnemonic.Lmsw, Ends.Block),
        InstructionRow.Of<Smsw>(Mnemonic.Smsw),
        InstructionRow.Of<Invlpg>(Mnemonic.Invlpg, Ends.Block),
        InstructionRow.Of<Invpcid>(Mnemonic.Invpcid, Ends.Block),
        InstructionRow.Of<CacheControl>(Mnemonic.Invd),
        InstructionRow.Of<CacheControl>(Mnemonic.Wbinvd),
        InstructionRow.Of<Xgetbv>(Mnemonic.Xgetbv),
        InstructionRow.Of<Xsetbv>(Mnemonic.Xsetbv, Ends.Block),
    ];

    private const ulong NoFlush = 1UL << 63;

    /// <summary>MOV r, CRn.</summary>
    public static bool Read(Processor cpu, ProcessorState* state, Register from, Register to)
    {
        int number = from - Register.CR0;
        if (number is not (0 or 2 or 3 or 4 or 8)) return cpu.RaiseInvalidOpcode();
        if (!cpu.RequireSupervisor()) return false;
        ulong value = number switch
        {
            0 => ShownTo(cpu, 0, state->Cr0),
            2 => state->Cr2,
            3 => state->Cr3,
            4 => ShownTo(cpu, 4, state->Cr4),
            _ => cpu.LocalApic?.TaskPriorityClass ?? state->Cr8,
        };
        cpu.WriteRegister(to, value);
        return true;
    }

    /// <summary>MOV CRn, r.</summary>
    public static bool Write(Processor cpu, ProcessorState* state, Register to, ulong value)
    {
        int number = to - Register.CR0;
        if (number is not (0 or 2 or 3 or 4 or 8)) return cpu.RaiseInvalidOpcode();
        if (!cpu.RequireSupervisor()) return false;
        switch (number)
        {
            case 0: return WriteCr0(cpu, state, value);
            case 2:
                state->Cr2 = value;
                return true;
            case 3: return WriteCr3(cpu, state, value);
            case 4: return WriteCr4(cpu, state, value);
            default:
                if (value > 15) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
                if (cpu.LocalApic is { } apic) apic.TaskPriorityClass = (byte)value;
                state->Cr8 = value;
                return true;
        }
    }

    private static ulong ShownTo(Processor cpu, int register, ulong value) => cpu.Extension?.ReadControlRegister(register, value) ?? value;

    /// <summary>Writes CR0 with every check. SDM Vol. 2, "MOV—Move to/from Control Registers".</summary>
    public static bool WriteCr0(Processor cpu, ProcessorState* state, ulong value)
    {
        const ulong defined = ControlRegisters.Cr0PE | ControlRegisters.Cr0MP | ControlRegisters.Cr0EM | ControlRegisters.Cr0TS
            | ControlRegisters.Cr0ET | ControlRegisters.Cr0NE | ControlRegisters.Cr0WP | ControlRegisters.Cr0AM
            | ControlRegisters.Cr0NW | ControlRegisters.Cr0CD | ControlRegisters.Cr0PG;
        if (value >> 32 != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
        bool pagingWithoutProtection = (value & (ControlRegisters.Cr0PG | ControlRegisters.Cr0PE)) == ControlRegisters.Cr0PG;
        bool writeThroughWithoutDisable = (value & (ControlRegisters.Cr0NW | ControlRegisters.Cr0CD)) == ControlRegisters.Cr0NW;
        if (pagingWithoutProtection || writeThroughWithoutDisable) return cpu.RaiseGeneralProtection(FaultCause.ControlRegister);
        ulong old = state->Cr0;
        value = (cpu.Extension?.WriteControlRegister(0, old, value) ?? value) & defined;
        value |= ControlRegisters.Cr0ET;
        if (cpu.Extension?.AllowsControlRegister(0, value) == false) return cpu.RaiseGeneralProtection(FaultCause.ControlRegister);
        bool starts = (value & ~old & ControlRegisters.Cr0PG) != 0;
        bool stops = (old & ~value & ControlRegisters.Cr0PG) != 0;
        if (starts && !CheckPagingStart(cpu, state)) return false;
        bool pcidBlocks = stops && ((state->Cr4 & ControlRegisters.Cr4PCIDE) != 0 || cpu.Is64Bit);
        if (pcidBlocks) return cpu.RaiseGeneralProtection(FaultCause.ControlRegister);
        bool paePaging = (value & ControlRegisters.Cr0PG) != 0 && (state->Cr4 & ControlRegisters.Cr4PAE) != 0 && (state->Efer & ControlRegisters.EferLME) == 0;
        const ulong reloads = ControlRegisters.Cr0PG | ControlRegisters.Cr0CD | ControlRegisters.Cr0NW;
        if (paePaging && ((old ^ value) & reloads) != 0 && !cpu.Mmu.TryLoadPdptes(state->Cr3)) return false;

        state->Cr0 = value;
        if (starts && (state->Efer & ControlRegisters.EferLME) != 0) state->Efer |= ControlRegisters.EferLMA;
        if (stops) state->Efer &= ~ControlRegisters.EferLMA;
        if (((old ^ value) & (ControlRegisters.Cr0PG | ControlRegisters.Cr0WP | ControlRegisters.Cr0PE)) != 0) cpu.Mmu.FlushCurrentProcessor();
        cpu.UpdateMode();
        return true;
    }

    private static bool CheckPagingStart(Processor cpu, ProcessorState* state)
    {
        if ((state->Efer & ControlRegisters.EferLME) == 0) return true;
        bool wrong = (state->Cr4 & ControlRegisters.Cr4PAE) == 0 || state->Cs.IsLong || (state->Tr.AccessRights & 0x1F) is 1 or 3;
        return !wrong || cpu.RaiseGeneralProtection(FaultCause.ControlRegister);
    }

    private static bool WriteCr3(Processor cpu, ProcessorState* state, ulong value)
    {
        bool hasPcid = (state->Cr4 & ControlRegisters.Cr4PCIDE) != 0;
        bool keeps = hasPcid && (value & NoFlush) != 0;
        if (hasPcid) value &= ~NoFlush;
        if (cpu.IsLongMode && value >> cpu.Model.PhysicalAddressBits != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
        bool paePaging = (state->Cr0 & ControlRegisters.Cr0PG) != 0 && (state->Cr4 & ControlRegisters.Cr4PAE) != 0 && !cpu.IsLongMode;
        if (paePaging && !cpu.Mmu.TryLoadPdptes(value)) return false;
        state->Cr3 = value;
        if (!keeps) cpu.Mmu.Flush(keepGlobal: true);
        cpu.Mmu.SelectContext();
        return true;
    }

    /// <summary>Writes CR4 with every check.</summary>
    public static bool WriteCr4(Processor cpu, ProcessorState* state, ulong value)
    {
        ulong old = state->Cr4;
        value = cpu.Extension?.WriteControlRegister(4, old, value) ?? value;
        ulong allowed = cpu.Model.Cr4Bits | (cpu.Extension?.Cr4Bits ?? 0);
        if ((value & ~allowed) != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
        if (cpu.Extension?.AllowsControlRegister(4, value) == false) return cpu.RaiseGeneralProtection(FaultCause.ControlRegister);
        bool dropsPae = cpu.IsLongMode && (value & ControlRegisters.Cr4PAE) == 0;
        bool startsPcid = (value & ~old & ControlRegisters.Cr4PCIDE) != 0;
        bool pcidFaults = startsPcid && (!cpu.IsLongMode || (state->Cr3 & 0xFFF) != 0);
        bool changesLa57 = cpu.IsLongMode && ((old ^ value) & ControlRegisters.Cr4LA57) != 0;
        if (dropsPae || pcidFaults || changesLa57) return cpu.RaiseGeneralProtection(FaultCause.ControlRegister);
        const ulong paging = ControlRegisters.Cr4PAE | ControlRegisters.Cr4PGE | ControlRegisters.Cr4PSE | ControlRegisters.Cr4SMEP;
        bool paePaging = (state->Cr0 & ControlRegisters.Cr0PG) != 0 && (value & ControlRegisters.Cr4PAE) != 0 && !cpu.IsLongMode;
        if (paePaging && ((old ^ value) & paging) != 0)
        {
            if (!cpu.Mmu.TryLoadPdptes(state->Cr3)) return false;
        }

        state->Cr4 = value;
        const ulong flushes = paging | ControlRegisters.Cr4PCIDE | ControlRegisters.Cr4SMAP | ControlRegisters.Cr4LA57;
        if (((old ^ value) & flushes) != 0) cpu.Mmu.FlushCurrentProcessor();
        cpu.UpdateMode();
        return true;
    }

    private readonly struct Clts : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor()) return false;
            state->Cr0 = cpu.Extension?.WriteControlRegister(0, state->Cr0, state->Cr0 & ~ControlRegisters.Cr0TS) ?? state->Cr0 & ~ControlRegisters.Cr0TS;
            cpu.UpdateMode();
            return true;
        }
    }

    /// <summary>LMSW loads PE, MP, EM and TS; it can set PE but not clear it.</summary>
    private readonly struct Lmsw : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor() || !cpu.TryReadOperand(in instruction, 0, out ulong source)) return false;
            ulong shown = ShownTo(cpu, 0, state->Cr0);
            ulong value = (shown & ~0xEUL) | (source & 0xF);
            return WriteCr0(cpu, state, value);
        }
    }

    private readonly struct Smsw : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SegmentInstructions.CheckUmip(cpu)) return false;
            ulong value = ShownTo(cpu, 0, state->Cr0);
            if (instruction.Op0Kind == OpKind.Memory) return cpu.TryWrite(Processor.SegmentOf(in instruction), cpu.EffectiveAddress(in instruction), (ushort)value);
            cpu.WriteRegister(instruction.Op0Register, value);
            return true;
        }
    }

    private readonly struct Invlpg : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor()) return false;
            SegmentName segment = Processor.SegmentOf(in instruction);
            ulong offset = cpu.EffectiveAddress(in instruction);
            bool hasBase = !cpu.Is64Bit || segment is SegmentName.FS or SegmentName.GS;
            ulong linear = hasBase ? cpu.Segment(segment)->Base + offset : offset;
            cpu.Mmu.InvalidatePage(cpu.Is64Bit ? linear : (uint)linear);
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "INVPCID—Invalidate Process-Context Identifier".</summary>
    private readonly struct Invpcid : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor()) return false;
            ulong type = cpu.ReadRegister(instruction.Op0Register);
            SegmentName segment = Processor.SegmentOf(in instruction);
            ulong at = cpu.EffectiveAddress(in instruction);
            if (!cpu.TryRead(segment, at, out ulong low) || !cpu.TryRead(segment, at + 8, out ulong linear)) return false;
            if (type > 3) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
            bool usesPcid = type is 0 or 1;
            if (usesPcid && low >> 12 != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
            if (usesPcid && (state->Cr4 & ControlRegisters.Cr4PCIDE) == 0 && low != 0) return cpu.RaiseGeneralProtection(FaultCause.ControlRegister);
            if (type == 0 && !Processor.IsCanonical(linear)) return cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
            switch (type)
            {
                case 0: cpu.Mmu.InvalidatePage(linear); break;
                case 1: cpu.Mmu.FlushPcid((ushort)low); break;
                default: cpu.Mmu.FlushCurrentProcessor(); break;
            }

            return true;
        }
    }

    /// <summary>INVD, WBINVD: there is no cache whose contents could be seen.</summary>
    private readonly struct CacheControl : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => cpu.RequireSupervisor();
    }

    private static bool CheckOsXsave(Processor cpu)
        => (cpu.State->Cr4 & ControlRegisters.Cr4OSXSAVE) != 0 || cpu.RaiseInvalidOpcode(FaultCause.UnitDisabled);

    private readonly struct Xgetbv : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!CheckOsXsave(cpu)) return false;
            if ((uint)state->Gpr[1] != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
            state->Gpr[0] = (uint)state->Xcr0;
            state->Gpr[2] = state->Xcr0 >> 32;
            return true;
        }
    }

    private readonly struct Xsetbv : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!CheckOsXsave(cpu) || !cpu.RequireSupervisor()) return false;
            ulong value = (state->Gpr[2] << 32) | (uint)state->Gpr[0];
            bool valid = (uint)state->Gpr[1] == 0 && (value & 1) != 0 && (value & ~cpu.Model.Xcr0Bits) == 0;
            if (!valid) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
            state->Xcr0 = value;
            return true;
        }
    }
}
