using Emulator.Core.Execution;
using Emulator.Core.Segmentation;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>Segment and descriptor-table registers. SDM Vol. 1, "Segment Register Instructions"; Vol. 3A, "System Instructions".</summary>
internal static unsafe class SegmentInstructions
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<LoadFar>(Mnemonic.Lds),
        InstructionRow.Of<LoadFar>(Mnemonic.Les),
        InstructionRow.Of<LoadFar>(Mnemonic.Lfs),
        InstructionRow.Of<LoadFar>(Mnemonic.Lgs),
        InstructionRow.Of<LoadFar>(Mnemonic.Lss, Ends.Block),
        InstructionRow.Of<Lgdt>(Mnemonic.Lgdt),
        InstructionRow.Of<Lidt>(Mnemonic.Lidt),
        InstructionRow.Of<Sgdt>(Mnemonic.Sgdt),
        InstructionRow.Of<Sidt>(Mnemonic.Sidt),
        InstructionRow.Of<Lldt>(Mnemonic.Lldt),
        InstructionRow.Of<Ltr>(Mnemonic.Ltr),
        InstructionRow.Of<Sldt>(Mnemonic.Sldt),
        InstructionRow.Of<Str>(Mnemonic.Str),
        InstructionRow.Of<Lar>(Mnemonic.Lar),
        InstructionRow.Of<Lsl>(Mnemonic.Lsl),
        InstructionRow.Of<Verr>(Mnemonic.Verr),
        InstructionRow.Of<Verw>(Mnemonic.Verw),
        InstructionRow.Of<Arpl>(Mnemonic.Arpl),
        InstructionRow.Of<Swapgs>(Mnemonic.Swapgs),
        InstructionRow.Of<ReadBase>(Mnemonic.Rdfsbase),
        InstructionRow.Of<ReadBase>(Mnemonic.Rdgsbase),
        InstructionRow.Of<WriteBase>(Mnemonic.Wrfsbase),
        InstructionRow.Of<WriteBase>(Mnemonic.Wrgsbase),
    ];

    /// <summary>MOV to a segment register, POP of one: the load, the new mode, the shadow of SS.</summary>
    public static bool TryLoad(Processor cpu, ProcessorState* state, SegmentName name, ushort selector)
    {
        if (name == SegmentName.CS) return cpu.RaiseInvalidOpcode();
        if (!cpu.TryLoadSegment(name, selector)) return false;
        if (name != SegmentName.SS) return true;

        // SDM Vol. 2, "MOV—Move": events are inhibited until the next instruction has executed; a second load in a row does not extend it.
        if ((state->Blocking & InterruptBlocking.MovSs) == 0) state->Blocking |= InterruptBlocking.MovSs;
        cpu.UpdateMode();
        return true;
    }

    private readonly struct LoadFar : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            SegmentName name = instruction.Mnemonic switch
            {
                Mnemonic.Lds => SegmentName.DS,
                Mnemonic.Les => SegmentName.ES,
                Mnemonic.Lfs => SegmentName.FS,
                Mnemonic.Lgs => SegmentName.GS,
                _ => SegmentName.SS,
            };
            Register target = instruction.Op0Register;
            int size = target.GetSize();
            SegmentName segment = Processor.SegmentOf(in instruction);
            ulong at = cpu.EffectiveAddress(in instruction);
            if (!cpu.TryReadSized(segment, at, size, out ulong offset)) return false;
            if (!cpu.TryRead(segment, at + (ulong)size, out ushort selector)) return false;
            if (!TryLoad(cpu, state, name, selector)) return false;
            cpu.WriteRegister(target, offset);
            return true;
        }
    }

    private static bool TryReadTable(Processor cpu, in Instruction instruction, out ushort limit, out ulong address)
    {
        address = 0;
        SegmentName segment = Processor.SegmentOf(in instruction);
        ulong at = cpu.EffectiveAddress(in instruction);
        if (!cpu.TryRead(segment, at, out limit)) return false;
        if (cpu.Is64Bit)
        {
            if (!cpu.TryRead(segment, at + 2, out address)) return false;
            return Processor.IsCanonical(address) || cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
        }

        if (!cpu.TryRead(segment, at + 2, out uint narrow)) return false;

        // With a 16-bit operand the base has 24 bits.
        address = instruction.Code is Code.Lgdt_m1632_16 or Code.Lidt_m1632_16 ? narrow & 0xFF_FFFF : narrow;
        return true;
    }

    private readonly struct Lgdt : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor() || !TryReadTable(cpu, in instruction, out ushort limit, out ulong address)) return false;
            state->GdtrLimit = limit;
            state->GdtrBase = address;
            return true;
        }
    }

    private readonly struct Lidt : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor() || !TryReadTable(cpu, in instruction, out ushort limit, out ulong address)) return false;
            state->IdtrLimit = limit;
            state->IdtrBase = address;
            return true;
        }
    }

    /// <summary>UMIP: SGDT, SIDT, SLDT, STR and SMSW fault outside CPL 0. SDM Vol. 3A, "CR4.UMIP".</summary>
    public static bool CheckUmip(Processor cpu)
        => (cpu.State->Cr4 & ControlRegisters.Cr4UMIP) == 0 || cpu.State->Cpl == 0 || cpu.RaiseGeneralProtection(FaultCause.Privilege);

    private static bool StoreTable(Processor cpu, in Instruction instruction, ushort limit, ulong address)
    {
        if (!CheckUmip(cpu)) return false;
        SegmentName segment = Processor.SegmentOf(in instruction);
        ulong at = cpu.EffectiveAddress(in instruction);
        if (!cpu.ProbeWrite(segment, at, cpu.Is64Bit ? 10 : 6) || !cpu.TryWrite(segment, at, limit)) return false;
        return cpu.Is64Bit ? cpu.TryWrite(segment, at + 2, address) : cpu.TryWrite(segment, at + 2, (uint)address);
    }

    private readonly struct Sgdt : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => StoreTable(cpu, in instruction, state->GdtrLimit, state->GdtrBase);
    }

    private readonly struct Sidt : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => StoreTable(cpu, in instruction, state->IdtrLimit, state->IdtrBase);
    }

    private readonly struct Lldt : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.HasDescriptors) return cpu.RaiseInvalidOpcode();
            if (!cpu.RequireSupervisor() || !cpu.TryReadOperand(in instruction, 0, out ulong value)) return false;
            var selector = (ushort)value;
            if (Processor.IsNull(selector))
            {
                state->Ldtr.Set(selector, 0, 0, SegmentRegister.UnusableBit);
                return true;
            }

            if ((selector & 4) != 0) return cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector));
            if (!cpu.TryFetchDescriptor(selector, ExceptionVector.GeneralProtection, external: false, out Descriptor descriptor, out _)) return false;
            if (descriptor.IsCodeOrData || descriptor.Type != SystemType.Ldt) return cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector));
            if (!descriptor.IsPresent) return cpu.Raise(ExceptionVector.SegmentNotPresent, Processor.SelectorError(selector), FaultCause.Descriptor);
            state->Ldtr.Set(selector, descriptor.Base, descriptor.Limit, descriptor.AccessRights);
            return true;
        }
    }

    private readonly struct Ltr : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.HasDescriptors) return cpu.RaiseInvalidOpcode();
            if (!cpu.RequireSupervisor() || !cpu.TryReadOperand(in instruction, 0, out ulong value)) return false;
            var selector = (ushort)value;
            if (Processor.IsNull(selector)) return cpu.RaiseGeneralProtection(FaultCause.Descriptor);
            if ((selector & 4) != 0) return cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector));
            if (!cpu.TryFetchDescriptor(selector, ExceptionVector.GeneralProtection, external: false, out Descriptor descriptor, out ulong address)) return false;
            bool isTss = !descriptor.IsCodeOrData && (descriptor.Type == SystemType.AvailableTss32 || (descriptor.Type == SystemType.AvailableTss16 && !cpu.IsLongMode));
            if (!isTss) return cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector));
            if (!descriptor.IsPresent) return cpu.Raise(ExceptionVector.SegmentNotPresent, Processor.SelectorError(selector), FaultCause.Descriptor);
            if (cpu.IsLongMode && !Processor.IsCanonical(descriptor.Base)) return cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress, Processor.SelectorError(selector));
            if (!cpu.TrySetBusy(address, in descriptor, busy: true)) return false;
            state->Tr.Set(selector, descriptor.Base, descriptor.Limit, descriptor.AccessRights | 2);
            return true;
        }
    }

    private static bool StoreSelector(Processor cpu, in Instruction instruction, ushort selector)
    {
        if (!cpu.HasDescriptors) return cpu.RaiseInvalidOpcode();
        if (!CheckUmip(cpu)) return false;
        if (instruction.Op0Kind == OpKind.Memory) return cpu.TryWrite(Processor.SegmentOf(in instruction), cpu.EffectiveAddress(in instruction), selector);
        cpu.WriteRegister(instruction.Op0Register, selector);
        return true;
    }

    private readonly struct Sldt : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => StoreSelector(cpu, in instruction, state->Ldtr.Selector);
    }

    private readonly struct Str : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => StoreSelector(cpu, in instruction, state->Tr.Selector);
    }

    private static bool SetZero(ProcessorState* state, bool zero)
    {
        Rflags flags = state->Flags.ToRflags() & ~Rflags.ZF;
        state->Flags = LazyFlags.FromRflags(zero ? flags | Rflags.ZF : flags);
        return true;
    }

    private static bool TryVisible(Processor cpu, in Instruction instruction, int operand, out Descriptor? found)
    {
        found = null;
        if (!cpu.HasDescriptors) return cpu.RaiseInvalidOpcode();
        if (!cpu.TryReadOperand(in instruction, operand, out ulong value)) return false;
        var selector = (ushort)value;
        if (!cpu.TryPeekDescriptor(selector, out Descriptor? peeked)) return false;
        if (peeked is { } descriptor
            && (descriptor.IsConforming || (descriptor.Dpl >= cpu.State->Cpl && descriptor.Dpl >= (selector & 3)))) found = descriptor;
        return true;
    }

    private readonly struct Lar : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!TryVisible(cpu, in instruction, 1, out Descriptor? found)) return false;
            bool valid = found is { } d && (d.IsCodeOrData || (cpu.IsLongMode ? d.Type is 2 or 9 or 11 or 12 : d.Type is not (0 or 6 or 7 or 8 or 10 or 13 or 14 or 15)));
            if (valid) cpu.WriteRegister(instruction.Op0Register, (found!.Value.Low >> 32) & 0xF0_FF00);
            return SetZero(state, valid);
        }
    }

    private readonly struct Lsl : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!TryVisible(cpu, in instruction, 1, out Descriptor? found)) return false;
            bool valid = found is { } d && (d.IsCodeOrData || (cpu.IsLongMode ? d.Type is 2 or 9 or 11 : d.Type is 1 or 2 or 3 or 9 or 11));
            if (valid) cpu.WriteRegister(instruction.Op0Register, found!.Value.Limit);
            return SetZero(state, valid);
        }
    }

    private readonly struct Verr : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => TryVisible(cpu, in instruction, 0, out Descriptor? found) && SetZero(state, found is { } d && d.IsReadable);
    }

    private readonly struct Verw : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => TryVisible(cpu, in instruction, 0, out Descriptor? found) && SetZero(state, found is { } d && d.IsWritableData);
    }

    private readonly struct Arpl : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.HasDescriptors) return cpu.RaiseInvalidOpcode();
            if (!cpu.TryReadOperandForWrite(in instruction, 0, out ulong target)) return false;
            if (!cpu.TryReadOperand(in instruction, 1, out ulong source)) return false;
            bool lower = (target & 3) < (source & 3);
            if (lower && !cpu.TryWriteOperand(in instruction, 0, (target & ~3UL) | (source & 3))) return false;
            return SetZero(state, lower);
        }
    }

    private readonly struct Swapgs : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.Is64Bit) return cpu.RaiseInvalidOpcode();
            if (!cpu.RequireSupervisor()) return false;
            (state->Gs.Base, state->KernelGsBase) = (state->KernelGsBase, state->Gs.Base);
            return true;
        }
    }

    private static bool CheckFsGsBase(Processor cpu)
        => (cpu.Is64Bit && (cpu.State->Cr4 & ControlRegisters.Cr4FSGSBASE) != 0) || cpu.RaiseInvalidOpcode(FaultCause.UnitDisabled);

    private readonly struct ReadBase : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!CheckFsGsBase(cpu)) return false;
            cpu.WriteRegister(instruction.Op0Register, instruction.Mnemonic == Mnemonic.Rdfsbase ? state->Fs.Base : state->Gs.Base);
            return true;
        }
    }

    private readonly struct WriteBase : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!CheckFsGsBase(cpu)) return false;
            ulong value = cpu.ReadRegister(instruction.Op0Register);
            if (!Processor.IsCanonical(value)) return cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
            if (instruction.Mnemonic == Mnemonic.Wrfsbase) state->Fs.Base = value;
            else state->Gs.Base = value;
            return true;
        }
    }
}
