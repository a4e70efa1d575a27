namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    private readonly List<FaultRecord> _chain = [];

    /// <summary>The events of the delivery that ended in a shutdown, first to last: for the report.</summary>
    public IReadOnlyList<FaultRecord> FaultChain => _chain;

    /// <summary>
    /// Delivers an event through the IVT or IDT; a fault on the way becomes #DF, a fault of that a shutdown.
    /// SDM Vol. 3A, "Interrupt 8—Double Fault Exception (#DF)".
    /// </summary>
    internal void Deliver(PendingEvent pending)
    {
        _chain.Clear();
        if (Extension?.TryInterceptEvent(State, ref pending) == true) return;
        DeliverUnconditionally(pending);
    }

    /// <summary>Delivers an event that no VM-execution control intercepts (VM-entry injection).</summary>
    internal void DeliverUnconditionally(PendingEvent pending)
    {
        while (true)
        {
            _chain.Add(new FaultRecord(pending.Vector, pending.ErrorCode, State->Rip, pending.Cause));
            Extension?.Delivering(State, in pending, begins: true);
            bool delivered = TryDeliver(in pending);
            if (delivered)
            {
                Extension?.Delivering(State, in pending, begins: false);
                return;
            }

            PendingEvent nested = State->Pending;
            State->Pending = default;
            if (nested.Kind == PendingKind.Extension)
            {
                Extension!.DeliverPending(State);
                Extension.Delivering(State, in pending, begins: false);
                return;
            }

            if (nested.Kind == PendingKind.None)
            {
                Extension?.Delivering(State, in pending, begins: false);
                return;
            }

            if (Extension?.TryInterceptEvent(State, ref nested) == true)
            {
                Extension.Delivering(State, in pending, begins: false);
                return;
            }

            Extension?.Delivering(State, in pending, begins: false);
            FaultCombination combination = Combine(in pending, in nested);
            if (combination == FaultCombination.TripleFault)
            {
                _chain.Add(new FaultRecord(nested.Vector, nested.ErrorCode, State->Rip, nested.Cause));
                Shutdown();
                return;
            }

            if (combination == FaultCombination.Serial)
            {
                pending = nested;
                continue;
            }

            _chain.Add(new FaultRecord(nested.Vector, nested.ErrorCode, State->Rip, nested.Cause));
            pending = new PendingEvent
            {
                Kind = PendingKind.Exception,
                Vector = ExceptionVector.DoubleFault,
                Type = EventType.HardwareException,
                HasErrorCode = true,
                Cause = nested.Cause,
            };
            if (Extension?.TryInterceptEvent(State, ref pending) == true) return;
        }
    }

    /// <summary>Enters the shutdown state, or exits for the triple fault.</summary>
    internal void Shutdown()
    {
        if (Extension?.TryInterceptTripleFault(State) == true) return;
        State->Activity = ActivityState.Shutdown;
    }

    private enum FaultCombination
    {
        Serial,
        DoubleFault,
        TripleFault,
    }

    /// <summary>SDM Vol. 3A, table "Conditions for Generating a Double Fault".</summary>
    private static FaultCombination Combine(in PendingEvent first, in PendingEvent second)
    {
        if (first.Type != EventType.HardwareException) return FaultCombination.Serial;
        FaultClass firstClass = ClassOf(first.Vector);
        FaultClass secondClass = ClassOf(second.Vector);
        if (first.Vector == ExceptionVector.DoubleFault)
        {
            return secondClass == FaultClass.Benign ? FaultCombination.Serial : FaultCombination.TripleFault;
        }

        bool doubles = (firstClass, secondClass) switch
        {
            (FaultClass.Contributory, FaultClass.Contributory) => true,
            (FaultClass.PageFault, FaultClass.Contributory or FaultClass.PageFault) => true,
            _ => false,
        };
        return doubles ? FaultCombination.DoubleFault : FaultCombination.Serial;
    }

    private enum FaultClass
    {
        Benign,
        Contributory,
        PageFault,
    }

    private static FaultClass ClassOf(byte vector) => vector switch
    {
        ExceptionVector.DivideError or (>= ExceptionVector.InvalidTss and <= ExceptionVector.GeneralProtection) => FaultClass.Contributory,
        ExceptionVector.PageFault => FaultClass.PageFault,
        _ => FaultClass.Benign,
    };

    private bool TryDeliver(in PendingEvent pending)
    {
        // CR2 and DR6 are written by the delivery itself: an event that exits instead leaves them alone.
        if (pending.Type == EventType.HardwareException && pending.Vector == ExceptionVector.PageFault) State->Cr2 = pending.Address;
        if (pending.Type == EventType.HardwareException && pending.Vector == ExceptionVector.Debug) UpdateDr6(pending.Address);
        bool delivered = (State->Cr0 & ControlRegisters.Cr0PE) == 0
            ? TryDeliverReal(in pending)
            : IsLongMode ? TryDeliverLong(in pending) : TryDeliverProtected(in pending);
        if (!delivered) return false;
        if (pending.Type == EventType.Nmi) State->Blocking |= InterruptBlocking.Nmi;
        State->Blocking &= ~(InterruptBlocking.Sti | InterruptBlocking.MovSs);
        State->Activity = ActivityState.Active;
        return true;
    }

    /// <summary>SDM Vol. 3B, "Debug Status Register (DR6)": the conditions are sticky, BLD and RTM not implemented.</summary>
    private void UpdateDr6(ulong bits)
    {
        const ulong fixedOnes = 0xFFFF_0FF0;
        const ulong breakpoints = 0xF;
        State->Dr[6] = (State->Dr[6] & ~breakpoints) | bits | fixedOnes;
        State->Dr[7] &= ~(1UL << 13);
    }

    private static bool IsSoftware(EventType type)
        => type is EventType.SoftwareInterrupt or EventType.SoftwareException or EventType.PrivilegedSoftwareException;

    /// <summary>INT1 counts as external for the DPL check and the EXT bit; INT n, INT3 and INTO do not.</summary>
    private static bool ChecksDpl(EventType type) => type is EventType.SoftwareInterrupt or EventType.SoftwareException;

    private static uint ErrorOf(byte vector, bool external) => ((uint)vector << 3) | 2 | (external ? 1u : 0u);

    private ulong ReturnRip(in PendingEvent pending)
        => IsSoftware(pending.Type) ? (State->Rip + pending.InstructionLength) & State->RipMask : State->Rip;

    /// <summary>SDM Vol. 3B, "Restart Flag": faults push RF = 1, except an instruction breakpoint's own #DB.</summary>
    private Rflags PushedFlags(in PendingEvent pending)
    {
        Rflags flags = State->Rflags;
        bool isFault = pending.Type == EventType.HardwareException && pending.Vector != ExceptionVector.Debug
            && pending.Vector != ExceptionVector.DoubleFault && pending.Vector != ExceptionVector.MachineCheck;
        return isFault ? flags | Rflags.RF : flags;
    }

    /// <summary>SDM Vol. 3A, "Interrupt and Exception Handling in Real-Address Mode".</summary>
    private bool TryDeliverReal(in PendingEvent pending)
    {
        uint entry = (uint)pending.Vector * 4;
        if (entry + 3 > State->IdtrLimit) return Raise(ExceptionVector.GeneralProtection, ErrorOf(pending.Vector, false), FaultCause.InterruptGate);
        if (!TryReadSystem((uint)(State->IdtrBase + entry), out uint target)) return false;
        var frame = new StackFrame(this, SegmentName.SS, 2, State->Gpr[4], StackMaskNow);
        if (!frame.TryPush((ulong)State->Rflags & 0xFFFF) || !frame.TryPush(State->Cs.Selector) || !frame.TryPush(ReturnRip(in pending))) return false;
        frame.Commit();
        State->SystemFlags &= ~(Rflags.IF | Rflags.TF | Rflags.AC | Rflags.RF);
        State->Cs.Set((ushort)(target >> 16), (ulong)(target >> 16) << 4, State->Cs.Limit, State->Cs.AccessRights);
        State->Rip = (ushort)target;
        UpdateMode();
        return true;
    }
}

/// <summary>One event of a chain of faults.</summary>
/// <param name="Vector">Vector.</param>
/// <param name="ErrorCode">Error code, 0 if none.</param>
/// <param name="Rip">RIP at the event.</param>
/// <param name="Cause">Why, for humans.</param>
public readonly record struct FaultRecord(byte Vector, uint ErrorCode, ulong Rip, FaultCause Cause);
