using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "x87 FPU Control Instructions".</summary>
internal static unsafe class X87Control
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Fninit>(Mnemonic.Fninit),
        InstructionRow.Of<Fnclex>(Mnemonic.Fnclex),
        InstructionRow.Of<Fldcw>(Mnemonic.Fldcw),
        InstructionRow.Of<Fnstcw>(Mnemonic.Fnstcw),
        InstructionRow.Of<Fnstsw>(Mnemonic.Fnstsw),
        InstructionRow.Of<Wait>(Mnemonic.Wait),
    ];

    private const ushort DefinedControlBits = 0x1F7F;

    /// <summary>CR0.EM or TS: #NM. SDM Vol. 2, "Device Not Available" of each instruction.</summary>
    public static bool IsUsable(Processor cpu)
        => (cpu.State->Cr0 & (ControlRegisters.Cr0EM | ControlRegisters.Cr0TS)) == 0
            || cpu.Raise(ExceptionVector.DeviceNotAvailable, FaultCause.UnitDisabled);

    private readonly struct Fninit : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsUsable(cpu)) return false;
            state->X87Control = 0x37F;
            state->X87Status = 0;
            state->X87Tag = 0xFFFF;
            state->X87Opcode = 0;
            state->X87CodeSelector = state->X87DataSelector = 0;
            state->X87InstructionPointer = state->X87DataPointer = 0;
            return true;
        }
    }

    private readonly struct Fnclex : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsUsable(cpu)) return false;
            state->X87Status &= 0x7F00;
            return true;
        }
    }

    private readonly struct Fldcw : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsUsable(cpu)) return false;
            if (!cpu.TryRead(Processor.SegmentOf(in instruction), cpu.EffectiveAddress(in instruction), out ushort value)) return false;
            state->X87Control = (ushort)((value & DefinedControlBits) | 0x40);
            return true;
        }
    }

    private readonly struct Fnstcw : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => IsUsable(cpu) && cpu.TryWrite(Processor.SegmentOf(in instruction), cpu.EffectiveAddress(in instruction), state->X87Control);
    }

    private readonly struct Fnstsw : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsUsable(cpu)) return false;
            if (instruction.Op0Kind == OpKind.Memory) return cpu.TryWrite(Processor.SegmentOf(in instruction), cpu.EffectiveAddress(in instruction), state->X87Status);
            cpu.WriteRegister(Register.AX, state->X87Status);
            return true;
        }
    }

    /// <summary>WAIT looks at CR0.MP and TS together.</summary>
    private readonly struct Wait : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            const ulong both = ControlRegisters.Cr0MP | ControlRegisters.Cr0TS;
            if ((state->Cr0 & both) == both) return cpu.Raise(ExceptionVector.DeviceNotAvailable, FaultCause.UnitDisabled);
            bool isPending = (state->X87Status & 0x80) != 0;
            return !isPending || cpu.Raise(ExceptionVector.MathFault, FaultCause.Numeric);
        }
    }
}
