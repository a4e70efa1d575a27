using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "Flag Control (EFLAG) Instructions".</summary>
internal static unsafe class FlagControl
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Cli>(Mnemonic.Cli),
        InstructionRow.Of<Sti>(Mnemonic.Sti, Ends.Block),
        InstructionRow.Of<Pushf>(Mnemonic.Pushf),
        InstructionRow.Of<Pushf>(Mnemonic.Pushfd),
        InstructionRow.Of<Pushf>(Mnemonic.Pushfq),
        InstructionRow.Of<Popf>(Mnemonic.Popf, Ends.Block),
        InstructionRow.Of<Popf>(Mnemonic.Popfd, Ends.Block),
        InstructionRow.Of<Popf>(Mnemonic.Popfq, Ends.Block),
        InstructionRow.Of<Stac>(Mnemonic.Stac, Ends.Block),
        InstructionRow.Of<Clac>(Mnemonic.Clac, Ends.Block),
        InstructionRow.Of<Cld>(Mnemonic.Cld),
        InstructionRow.Of<Std>(Mnemonic.Std),
        InstructionRow.Of<Clc>(Mnemonic.Clc),
        InstructionRow.Of<Stc>(Mnemonic.Stc),
        InstructionRow.Of<Cmc>(Mnemonic.Cmc),
        InstructionRow.Of<Lahf>(Mnemonic.Lahf),
        InstructionRow.Of<Sahf>(Mnemonic.Sahf),
    ];

    private static bool MayChangeInterrupts(Processor cpu) => cpu.State->Cpl <= cpu.Iopl || (cpu.State->Mode & ExecutionMode.Protected) == 0;

    private static bool IsSensitive(Processor cpu) => (cpu.State->SystemFlags & Rflags.VM) != 0 && cpu.Iopl < 3;

    private readonly struct Cli : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!MayChangeInterrupts(cpu)) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
            state->SystemFlags &= ~Rflags.IF;
            return true;
        }
    }

    private readonly struct Sti : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!MayChangeInterrupts(cpu)) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
            if ((state->SystemFlags & Rflags.IF) == 0) state->Blocking |= InterruptBlocking.Sti;
            state->SystemFlags |= Rflags.IF;
            return true;
        }
    }

    private readonly struct Pushf : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (IsSensitive(cpu)) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
            var frame = new StackFrame(cpu, SegmentName.SS, -instruction.StackPointerIncrement, state->Gpr[4], cpu.StackMaskNow);
            if (!frame.TryPush((ulong)(state->Rflags & ~(Rflags.VM | Rflags.RF)))) return false;
            frame.Commit();
            return true;
        }
    }

    private readonly struct Popf : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (IsSensitive(cpu)) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
            int size = instruction.StackPointerIncrement;
            ulong mask = cpu.StackMaskNow;
            if (!cpu.TryReadSized(SegmentName.SS, state->Gpr[4] & mask, size, out ulong value)) return false;
            cpu.SetStackPointer(state->Gpr[4] + (ulong)size, mask);
            Rflags writable = Rflags.Status | Rflags.TF | Rflags.DF | Rflags.NT;
            if (size > 2) writable |= Rflags.AC | Rflags.ID | Rflags.RF;
            if (MayChangeInterrupts(cpu)) writable |= Rflags.IF;
            if (state->Cpl == 0) writable |= Rflags.IOPL;
            Rflags before = state->SystemFlags;

            // RF is cleared by POPF, whatever was popped. SDM Vol. 2, "POPF/POPFD/POPFQ".
            cpu.WriteFlags((Rflags)value & ~Rflags.RF, writable);
            if (((before ^ state->SystemFlags) & Rflags.AC) != 0) cpu.UpdateMode();
            return true;
        }
    }

    private static bool SetAccess(Processor cpu, ProcessorState* state, bool set)
    {
        if (state->Cpl != 0 || (state->SystemFlags & Rflags.VM) != 0) return cpu.RaiseInvalidOpcode(FaultCause.Privilege);
        state->SystemFlags = set ? state->SystemFlags | Rflags.AC : state->SystemFlags & ~Rflags.AC;
        cpu.UpdateMode();
        return true;
    }

    private readonly struct Stac : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => SetAccess(cpu, state, set: true);
    }

    private readonly struct Clac : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => SetAccess(cpu, state, set: false);
    }

    private readonly struct Cld : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            state->SystemFlags &= ~Rflags.DF;
            return true;
        }
    }

    private readonly struct Std : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            state->SystemFlags |= Rflags.DF;
            return true;
        }
    }

    private readonly struct Clc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            state->Flags = state->Flags.WithCF(false);
            return true;
        }
    }

    private readonly struct Stc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            state->Flags = state->Flags.WithCF(true);
            return true;
        }
    }

    private readonly struct Cmc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            state->Flags = state->Flags.WithCF(!state->Flags.CF);
            return true;
        }
    }

    private readonly struct Lahf : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            cpu.WriteRegister(Register.AH, ((ulong)state->Rflags & 0xD5) | 2);
            return true;
        }
    }

    private readonly struct Sahf : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            const Rflags low = Rflags.SF | Rflags.ZF | Rflags.AF | Rflags.PF | Rflags.CF;
            cpu.WriteFlags((Rflags)cpu.ReadRegister(Register.AH), low);
            return true;
        }
    }
}
