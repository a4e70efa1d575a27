namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    private const ulong DebugLocalAndGlobal = 0xFF;

    /// <summary>
    /// Takes what is due between two instructions, highest priority first: traps of the previous instruction, the extension's
    /// events, NMI, external interrupts. SDM Vol. 3A, "Priority Among Concurrent Events".
    /// </summary>
    private void TakeBoundaryEvents()
    {
        if (State->Activity is ActivityState.Shutdown or ActivityState.WaitForSipi) return;
        if (State->PendingDebug != 0 && (State->Blocking & InterruptBlocking.MovSs) == 0)
        {
            ulong conditions = State->PendingDebug;
            State->PendingDebug = 0;
            Deliver(DebugEvent(conditions));
            return;
        }

        ProcessorExtension? extension = Extension is { InNonRoot: true } nonRoot ? nonRoot : null;
        if (extension?.TryBoundaryEvent(State) == true) return;
        const InterruptBlocking blocksNmi = InterruptBlocking.Nmi | InterruptBlocking.MovSs | InterruptBlocking.Sti;
        if (NmiPending && (State->Blocking & blocksNmi) == 0)
        {
            NmiPending = false;
            Deliver(new PendingEvent { Kind = PendingKind.Exception, Vector = ExceptionVector.Nmi, Type = EventType.Nmi });
            return;
        }

        if (Interrupts is not { HasInterrupt: true } interrupts) return;
        if (extension?.TryInterceptExternalInterrupt(State) == true) return;
        bool isOpen = (State->SystemFlags & Rflags.IF) != 0
            && (State->Blocking & (InterruptBlocking.Sti | InterruptBlocking.MovSs)) == 0;
        if (!isOpen) return;
        Deliver(new PendingEvent { Kind = PendingKind.Exception, Vector = interrupts.Acknowledge(), Type = EventType.ExternalInterrupt });
    }

    private static PendingEvent DebugEvent(ulong conditions) => new()
    {
        Kind = PendingKind.Exception,
        Vector = ExceptionVector.Debug,
        Type = EventType.HardwareException,
        Address = conditions,
        Cause = FaultCause.Debug,
    };

    /// <summary>Recomputes what DR7 asks of the engine: single-instruction blocks, watched accesses.</summary>
    internal void UpdateBreakpoints()
    {
        bool any = (State->Dr[7] & DebugLocalAndGlobal) != 0;
        State->OneByOne = any;
        bool data = false;
        for (int i = 0; i < 4; i++) data |= IsEnabled(i) && ((State->Dr[7] >> (16 + (4 * i))) & 3) != 0;
        Mmu.WatchAccesses = data;
        Mmu.SelectContext();
    }

    private bool IsEnabled(int breakpoint) => ((State->Dr[7] >> (2 * breakpoint)) & 3) != 0;

    private ulong LengthOf(int breakpoint) => ((State->Dr[7] >> (18 + (4 * breakpoint))) & 3) switch
    {
        0 => 1,
        1 => 2,
        2 => 8,
        _ => 4,
    };

    /// <summary>Instruction breakpoints at the current RIP. SDM Vol. 3B, "Instruction-Breakpoint Exception Condition".</summary>
    private bool TryInstructionBreakpoint()
    {
        if ((State->SystemFlags & Rflags.RF) != 0) return false;
        ulong linear = LinearOfRip(State->Rip);
        ulong hit = 0;
        for (int i = 0; i < 4; i++)
        {
            if (IsEnabled(i) && ((State->Dr[7] >> (16 + (4 * i))) & 3) == 0 && State->Dr[i] == linear) hit |= 1UL << i;
        }

        if (hit == 0) return false;
        Deliver(DebugEvent(hit));
        return true;
    }

    /// <summary>Data breakpoints: noted now, trapped after the instruction. SDM Vol. 3B, "Data Memory and I/O Breakpoint Exception Conditions".</summary>
    private void NoteDataBreakpoints(ulong linear, int size, bool isWrite)
    {
        for (int i = 0; i < 4; i++)
        {
            ulong kind = (State->Dr[7] >> (16 + (4 * i))) & 3;
            bool watches = IsEnabled(i) && (kind == 3 || (kind == 1 && isWrite));
            ulong length = LengthOf(i);
            ulong start = State->Dr[i] & ~(length - 1);
            if (watches && linear < start + length && start < linear + (ulong)size) State->PendingDebug |= 1UL << i;
        }
    }
}
