using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "Miscellaneous Instructions".</summary>
internal static unsafe class Identification
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Nop>(Mnemonic.Nop),
        InstructionRow.Of<Ud2>(Mnemonic.Ud2),
    ];

    /// <summary>SDM Vol. 2, "NOP—No Operation".</summary>
    private readonly struct Nop : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => true;
    }

    /// <summary>SDM Vol. 2, "UD—Undefined Instruction".</summary>
    private readonly struct Ud2 : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => cpu.RaiseInvalidOpcode();
    }
}
