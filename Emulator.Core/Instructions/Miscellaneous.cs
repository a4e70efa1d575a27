using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "Miscellaneous Instructions", "System Instructions": those that do little.</summary>
internal static unsafe class Miscellaneous
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Nop>(Mnemonic.Nop),
        InstructionRow.Of<Nop>(Mnemonic.Pause),
        InstructionRow.Of<Nop>(Mnemonic.Endbr64),
        InstructionRow.Of<Nop>(Mnemonic.Endbr32),
        InstructionRow.Of<Nop>(Mnemonic.Reservednop),
        InstructionRow.Of<Clflush>(Mnemonic.Clflush),
        InstructionRow.Of<Undefined>(Mnemonic.Ud0),
        InstructionRow.Of<Undefined>(Mnemonic.Ud1),
        InstructionRow.Of<Undefined>(Mnemonic.Ud2),
        InstructionRow.Of<Hlt>(Mnemonic.Hlt, Ends.Block),
        InstructionRow.Of<Bound>(Mnemonic.Bound),
        InstructionRow.Of<Salc>(Mnemonic.Salc),
        .. VmxMnemonics.Select(static mnemonic => InstructionRow.Of<Vmx>(mnemonic, Ends.Block)),
    ];

    private static IEnumerable<Mnemonic> VmxMnemonics =>
    [
        Mnemonic.Vmcall, Mnemonic.Vmclear, Mnemonic.Vmlaunch, Mnemonic.Vmresume, Mnemonic.Vmptrld, Mnemonic.Vmptrst,
        Mnemonic.Vmread, Mnemonic.Vmwrite, Mnemonic.Vmxoff, Mnemonic.Vmxon, Mnemonic.Invept, Mnemonic.Invvpid,
    ];

    private readonly struct Nop : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => true;
    }

    /// <summary>SDM Vol. 2, "UD—Undefined Instruction".</summary>
    private readonly struct Undefined : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => cpu.RaiseInvalidOpcode();
    }

    /// <summary>CLFLUSH checks its operand as a byte read does.</summary>
    private readonly struct Clflush : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => cpu.TryRead(Processor.SegmentOf(in instruction), cpu.EffectiveAddress(in instruction), out byte _);
    }

    /// <summary>SDM Vol. 2, "HLT—Halt".</summary>
    private readonly struct Hlt : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.RequireSupervisor()) return false;
            state->Activity = ActivityState.Hlt;
            return true;
        }
    }

    private readonly struct Bound : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.Op0Register.GetSize();
            SegmentName segment = Processor.SegmentOf(in instruction);
            ulong at = cpu.EffectiveAddress(in instruction);
            if (!cpu.TryReadSized(segment, at, size, out ulong lower) || !cpu.TryReadSized(segment, at + (ulong)size, size, out ulong upper)) return false;
            long index = Signed(cpu.ReadRegister(instruction.Op0Register), size);
            bool inside = index >= Signed(lower, size) && index <= Signed(upper, size);
            return inside || cpu.Raise(ExceptionVector.BoundRange);
        }

        private static long Signed(ulong value, int size) => size == 2 ? (short)value : (int)value;
    }

    /// <summary>Undocumented: AL = CF ? FFH : 0.</summary>
    private readonly struct Salc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            cpu.WriteRegister(Register.AL, state->Flags.CF ? 0xFFUL : 0);
            return true;
        }
    }

    /// <summary>VMX instructions belong to the extension.</summary>
    private readonly struct Vmx : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => cpu.Extension?.Execute(state, in instruction) ?? cpu.RaiseInvalidOpcode();
    }
}
