namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    private void Deliver(in PendingEvent pending) => throw new InvalidOperationException($"event {pending.Vector} {pending.Cause} {pending.Address:X} at {State->Rip:X}");

    private void TakeBoundaryEvents() => State->Blocking = State->Blocking;
}
