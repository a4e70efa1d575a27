using Iced.Intel;

namespace Emulator.Core.Execution;

internal static unsafe partial class Interpreter
{
    /// <summary>Handlers of a complex instruction: the bridge from the threaded code to one ordinary call.</summary>
    internal static class ComplexHandler<T>
        where T : struct, IInstruction
    {
        /// <summary>Goes on with the next operation of the block.</summary>
        public static long Straight(ProcessorState* state, Operation* operation, long budget)
        {
            Prepare(state, operation, budget);
            if (!T.Execute(Processor.Of(state), state, in *(Instruction*)operation->Displacement)) return Abandon(operation, budget);
            return operation[1].Handler(state, operation + 1, budget);
        }

        /// <summary>Leaves the block: RIP, mode or events may have changed.</summary>
        public static long EndOfBlock(ProcessorState* state, Operation* operation, long budget)
        {
            Prepare(state, operation, budget);
            if (!T.Execute(Processor.Of(state), state, in *(Instruction*)operation->Displacement)) return Abandon(operation, budget);
            state->Rip = state->NextRip & state->RipMask;
            return Dispatch(state, operation, budget);
        }
    }

    /// <summary>Makes RIP and time exact for code that is not a handler.</summary>
    internal static void Prepare(ProcessorState* state, Operation* operation, long budget)
    {
        ulong rip = state->RipBase + operation->PageOffset;
        state->Rip = rip & state->RipMask;
        state->NextRip = (rip + operation->Length) & state->RipMask;
        state->Budget = budget;
        state->Current = operation;
    }

    /// <summary>The budget when this instruction and those after it in its block did not execute.</summary>
    internal static long Abandon(Operation* operation, long budget)
        => budget + operation->BlockInstructions - operation->InstructionIndex;
}
