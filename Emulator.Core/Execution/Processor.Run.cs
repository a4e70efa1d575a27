using System.Runtime.InteropServices;
using Emulator.Core.Decoding;

namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    private const long MaxSlice = 1 << 20;

    private readonly BlockDecoder _decoder;
    private ulong _ticks;
    private ulong _sliceEnd;
    private Operation* _stopped;
    private delegate*<ProcessorState*, Operation*, long, long> _stoppedHandler;

    /// <summary>True while handlers run: decoded blocks must stay in place.</summary>
    internal bool IsExecuting { get; private set; }

    /// <summary>Instructions retired since power-on.</summary>
    public ulong RetiredInstructions { get; private set; }

    /// <summary>Set from any thread: <see cref="Run"/> returns within a slice.</summary>
    public bool StopRequested
    {
        get => Volatile.Read(ref _stopRequested);
        set => Volatile.Write(ref _stopRequested, value);
    }

    private bool _stopRequested;

    /// <summary>Runs until an instruction count is reached, the processor is not active any more or a stop is requested.</summary>
    /// <param name="instructions">Instructions to retire at most.</param>
    public void Run(ulong instructions)
    {
        ulong end = RetiredInstructions + instructions;
        _ticks = Clock.Now;
        Clock.UseInFlightTime(InFlightTime);
        IsExecuting = true;
        try
        {
            while (RetiredInstructions < end && !StopRequested)
            {
                if (!RunSlice(end - RetiredInstructions)) break;
            }
        }
        finally
        {
            IsExecuting = false;
            State->Current = null;
            Clock.UseInFlightTime(null);
            Clock.AdvanceTo(_ticks);
        }
    }

    /// <summary>Runs to the next deadline or event. False when the processor is not active.</summary>
    private bool RunSlice(ulong limit)
    {
        State->Current = null;
        Clock.AdvanceTo(_ticks);
        Clock.DeadlineMoved = false;
        State->LeaveRequested = false;
        if (Blocks.IsFull) DropBlocks();
        ulong deadline = Math.Min(Clock.NextDeadline, Extension?.NextDeadline ?? ulong.MaxValue);
        long slice = (long)Math.Min(Math.Min(limit, (ulong)MaxSlice), deadline > _ticks ? deadline - _ticks : 1);
        while (slice > 0)
        {
            if (EventsArePossible())
            {
                TakeBoundaryEvents();
                if (State->Activity != ActivityState.Active) return false;
            }

            slice = Execute(slice);
            RestoreStopped();
            if (State->Pending.Kind != PendingKind.None) DeliverPending();
            if (Clock.DeadlineMoved || State->LeaveRequested || StopRequested) break;
        }

        return true;
    }

    private void DropBlocks()
    {
        IsExecuting = false;
        Blocks.Clear();
        IsExecuting = true;
    }

    /// <summary>Executes one chain of blocks; returns what is left of the slice.</summary>
    private long Execute(long slice)
    {
        _sliceEnd = _ticks + (ulong)slice;
        bool oneByOne = MustExecuteOneByOne();
        long before = slice;
        Operation* block = oneByOne ? FindBlock(oneInstruction: true) : FindBlock();
        if (block == null) return slice;
        if (!oneByOne && block->BlockInstructions > slice)
        {
            oneByOne = true;
            block = FindBlock(oneInstruction: true);
            if (block == null) return slice;
        }

        if (oneByOne) return before - (State->OneByOne && TryInstructionBreakpoint() ? 0 : ExecuteOne(block));

        slice = block->Handler(State, block, slice - block->BlockInstructions);
        Account(before - slice);
        return slice;
    }

    /// <summary>Executes one instruction with what hangs on its boundary: RF, shadows, single-step.</summary>
    private long ExecuteOne(Operation* block)
    {
        bool steps = (State->SystemFlags & Rflags.TF) != 0;
        InterruptBlocking shadow = State->Blocking & (InterruptBlocking.Sti | InterruptBlocking.MovSs);
        State->Blocking &= ~shadow;
        bool resume = (State->SystemFlags & Rflags.RF) != 0;
        _sliceEnd = _ticks + 1;
        long left = block->Handler(State, block, 1 - block->BlockInstructions);
        bool retired = left <= 0;
        Account(retired ? 1 : 0);
        if (!retired && State->Pending.Kind != PendingKind.None)
        {
            // The instruction did not complete: the shadow that it stood in is still there when the fault is looked at.
            State->Blocking |= shadow;
            return 0;
        }

        if (retired && resume) State->SystemFlags &= ~Rflags.RF;
        if (retired && steps) State->PendingDebug |= DebugSingleStep;
        return retired ? 1 : 0;
    }

    private const ulong DebugSingleStep = 1UL << 14;

    private void Account(long executed)
    {
        RetiredInstructions += (ulong)executed;
        _ticks += (ulong)executed;
        State->Current = null;
    }

    private ulong InFlightTime()
    {
        Operation* current = State->Current;
        if (current == null) return _ticks;
        return _sliceEnd - (ulong)Interpreter.Abandon(current, State->Budget);
    }

    private bool MustExecuteOneByOne()
        => (State->SystemFlags & (Rflags.TF | Rflags.RF)) != 0
            || (State->Blocking & (InterruptBlocking.Sti | InterruptBlocking.MovSs)) != 0
            || State->OneByOne;

    /// <summary>Asks the run loop to look at events after the operation, when a device access made something due.</summary>
    internal void StopAfterIfDue(Operation* operation)
    {
        if (!Clock.DeadlineMoved && !InterruptIsDue() && !StopRequested) return;
        State->LeaveRequested = true;
        if (operation->InstructionIndex + 1 >= operation->BlockInstructions && operation[1].PageOffset == 0) return;
        if (_stopped != null) return;
        Operation* next = operation + 1;
        if ((nint)next->Handler == Interpreter.StaleHandler || next->Handler == null) return;
        _stopped = next;
        _stoppedHandler = next->Handler;
        next->Handler = (delegate*<ProcessorState*, Operation*, long, long>)Interpreter.StopHandler;
    }

    private void RestoreStopped()
    {
        if (_stopped == null) return;
        if ((nint)_stopped->Handler == Interpreter.StopHandler) _stopped->Handler = _stoppedHandler;
        _stopped = null;
    }

    private bool InterruptIsDue() => (State->SystemFlags & Rflags.IF) != 0 && Interrupts is { HasInterrupt: true };

    private bool EventsArePossible()
        => InterruptIsDue()
            || NmiPending
            || State->PendingDebug != 0
            || State->Activity != ActivityState.Active
            || State->OneByOne
            || Extension is { InNonRoot: true };

    private void DeliverPending()
    {
        PendingEvent pending = State->Pending;
        State->Pending = default;
        if (pending.Kind == PendingKind.Extension) Extension!.DeliverPending(State);
        else Deliver(pending);
    }

    /// <summary>Linear address of an instruction pointer.</summary>
    internal ulong LinearOfRip(ulong rip)
        => (State->Mode & ExecutionMode.Code64) != 0 ? rip : (uint)(State->Cs.Base + (rip & State->RipMask));

    /// <summary>The block at the current RIP, decoded if need be. Null: a fault is pending.</summary>
    internal Operation* FindBlock() => FindBlock(oneInstruction: false);

    private Operation* FindBlock(bool oneInstruction)
    {
        ulong rip = State->Rip;
        LookupEntry* known = Interpreter.LookupSlot(State, rip);
        if (!oneInstruction && known->Rip == rip && known->Key == State->LookupKey)
        {
            State->RipBase = known->RipBase;
            return known->Target;
        }

        ulong linear = LinearOfRip(rip);
        if ((State->Mode & ExecutionMode.Code64) != 0 && !IsCanonical(linear))
        {
            RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
            return null;
        }

        if (!Mmu.TryTranslateFetch(linear, out ulong physical)) return null;
        ulong ripBase = rip - (linear & 0xFFF);
        ExecutionMode mode = (State->Mode & ~ExecutionMode.OneInstruction) | (oneInstruction ? ExecutionMode.OneInstruction : 0);
        Operation* block = Blocks.Find(physical, mode);
        if (block == null)
        {
            block = _decoder.Decode(linear, physical, mode);
            if (block == null) return null;
        }

        if ((mode & ExecutionMode.FlatCode) == 0 && !CheckCodeLimit(rip, block, ref mode, oneInstruction, ref block)) return null;
        State->RipBase = ripBase;
        if (!oneInstruction && (mode & ExecutionMode.OneInstruction) == 0 && State->LookupKey != 0)
        {
            *known = new LookupEntry { Rip = rip, Key = State->LookupKey, Target = block, RipBase = ripBase };
        }

        return block;
    }

    /// <summary>An instruction whose last byte exceeds the limit of CS faults. SDM Vol. 3A, "Limit Checking".</summary>
    private bool CheckCodeLimit(ulong rip, Operation* found, ref ExecutionMode mode, bool oneInstruction, ref Operation* block)
    {
        if (rip + (ulong)BlockDecoder.Bytes(found) - 1 <= State->Cs.Limit) return true;
        if (!oneInstruction)
        {
            mode |= ExecutionMode.OneInstruction;
            block = FindBlock(oneInstruction: true);
            return block != null;
        }

        return RaiseGeneralProtection(FaultCause.SegmentLimit);
    }
}
