using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>INT n, INT3, INTO, INT1. SDM Vol. 2, "INT n/INTO/INT3/INT1—Call to Interrupt Procedure".</summary>
internal static unsafe class SoftwareInterrupts
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Int>(Mnemonic.Int, Ends.Block),
        InstructionRow.Of<Int3>(Mnemonic.Int3, Ends.Block),
        InstructionRow.Of<Into>(Mnemonic.Into, Ends.Block),
        InstructionRow.Of<Int1>(Mnemonic.Int1, Ends.Block),
    ];

    private static bool Raise(ProcessorState* state, byte vector, EventType type, in Instruction instruction)
    {
        state->Pending = new PendingEvent
        {
            Kind = PendingKind.Exception,
            Vector = vector,
            Type = type,
            InstructionLength = (byte)instruction.Length,
        };
        return false;
    }

    private readonly struct Int : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            // Virtual-8086 mode without VME: INT n is IOPL-sensitive.
            bool sensitive = (state->SystemFlags & (Rflags.VM | Rflags.IOPL)) is var flags
                && (flags & Rflags.VM) != 0 && (flags & Rflags.IOPL) != Rflags.IOPL;
            return sensitive
                ? cpu.RaiseGeneralProtection(FaultCause.Privilege)
                : Raise(state, instruction.Immediate8, EventType.SoftwareInterrupt, in instruction);
        }
    }

    private readonly struct Int3 : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => Raise(state, ExceptionVector.Breakpoint, EventType.SoftwareException, in instruction);
    }

    private readonly struct Into : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => !state->Flags.OF || Raise(state, ExceptionVector.Overflow, EventType.SoftwareException, in instruction);
    }

    private readonly struct Int1 : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => Raise(state, ExceptionVector.Debug, EventType.PrivilegedSoftwareException, in instruction);
    }
}
