namespace Emulator.Core.Execution;
internal static unsafe partial class Interpreter
{
    internal static long Dispatch(ProcessorState* state, Operation* operation, long budget) { _ = state; _ = operation; return budget; }
}
