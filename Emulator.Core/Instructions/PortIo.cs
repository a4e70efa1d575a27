using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>IN and OUT. SDM Vol. 1, "I/O Instructions".</summary>
internal static unsafe class PortIo
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<In>(Mnemonic.In, Ends.Block),
        InstructionRow.Of<Out>(Mnemonic.Out, Ends.Block),
    ];

    private static ushort Port(ProcessorState* state, in Instruction instruction, int operand)
        => instruction.GetOpKind(operand) == OpKind.Immediate8 ? instruction.Immediate8 : (ushort)state->Gpr[2];

    private readonly struct In : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            Register to = instruction.Op0Register;
            ushort port = Port(state, in instruction, 1);
            if (!cpu.CheckPort(port, to.GetSize())) return false;
            cpu.WriteRegister(to, cpu.Ports.Read(port, to.GetSize()));
            return true;
        }
    }

    private readonly struct Out : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            Register from = instruction.Op1Register;
            ushort port = Port(state, in instruction, 0);
            if (!cpu.CheckPort(port, from.GetSize())) return false;
            cpu.Ports.Write(port, from.GetSize(), (uint)cpu.ReadRegister(from));
            return true;
        }
    }
}
