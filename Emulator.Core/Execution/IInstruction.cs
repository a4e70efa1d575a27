using Iced.Intel;

namespace Emulator.Core.Execution;

/// <summary>An instruction with effects beyond registers and flags: executed through one call, in both engines.</summary>
internal unsafe interface IInstruction
{
    /// <summary>
    /// Executes. On entry <c>state-&gt;Rip</c> is this instruction's RIP and <c>state-&gt;NextRip</c> the following one's; a
    /// branch stores its target in <c>NextRip</c> (and is registered as <see cref="Ends.Block"/>).
    /// </summary>
    /// <returns>True when it retired. False when an event is pending: then nothing architectural has changed.</returns>
    static abstract bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction);
}
