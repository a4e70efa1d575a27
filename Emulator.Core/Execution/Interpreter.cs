using System.Runtime.CompilerServices;

namespace Emulator.Core.Execution;

/// <summary>The tail-threaded interpreter: handlers that end by calling the next one.</summary>
/// <remarks>
/// The budget in a handler is what is left after the whole current block: a block is paid for when it is entered, and
/// <see cref="Abandon"/> pays back what did not execute.
/// </remarks>
internal static unsafe partial class Interpreter
{
    /// <summary>Every handler, and everything that acts as one, is compiled at once to its final form.</summary>
    internal const MethodImplOptions Hot = MethodImplOptions.AggressiveOptimization;

    /// <summary>Entries of the table of known block entries; a power of two.</summary>
    internal const int LookupEntries = 4096;

    /// <summary><see cref="Stale"/>, taken once: two addresses of one method need not be equal.</summary>
    internal static readonly nint StaleHandler = (nint)(delegate*<ProcessorState*, Operation*, long, long>)&Stale;

    /// <summary><see cref="StopHere"/>, taken once.</summary>
    internal static readonly nint StopHandler = (nint)(delegate*<ProcessorState*, Operation*, long, long>)&StopHere;

    /// <summary>The slot of a RIP in the table of known block entries.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static LookupEntry* LookupSlot(ProcessorState* state, ulong rip)
        => state->Lookup + ((rip ^ (rip >> 12)) & (LookupEntries - 1));

    /// <summary>Enters a block: pays for it, or leaves when the budget does not reach.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long Enter(ProcessorState* state, Operation* target, long budget)
    {
        budget -= target->BlockInstructions;
        if (budget < 0) return LeaveBefore(state, target, budget);
        return target->Handler(state, target, budget);
    }

    /// <summary>Goes on at a RIP: through the table of known entries, else by finding (or decoding) the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long GoTo(ProcessorState* state, ulong rip, long budget)
    {
        LookupEntry* entry = LookupSlot(state, rip);
        if (entry->Rip == rip && entry->Key == state->LookupKey)
        {
            state->RipBase = entry->RipBase;
            return Enter(state, entry->Target, budget);
        }

        return GoToSlow(state, rip, budget);
    }

    /// <summary>Goes on at a RIP whose block is not known; leaves when an event must be looked at first.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long GoToSlow(ProcessorState* state, ulong rip, long budget)
    {
        state->Rip = rip;
        if (budget <= 0 || state->LeaveRequested) return budget;
        Operation* target = Processor.Of(state).FindBlock();
        if (target == null) return budget;
        budget -= target->BlockInstructions;
        if (budget < 0) return LeaveBefore(state, target, budget);
        return target->Handler(state, target, budget);
    }

    /// <summary>After a complex instruction that ends its block: the run loop looks at events and mode.</summary>
    internal static long Dispatch(ProcessorState* state, Operation* operation, long budget)
    {
        _ = state;
        _ = operation;
        return budget;
    }

    /// <summary>Leaves before an operation that begins a block, with its price paid back.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long LeaveBefore(ProcessorState* state, Operation* target, long budget)
    {
        state->Rip = (state->RipBase + target->PageOffset) & state->RipMask;
        return budget + target->BlockInstructions;
    }

    /// <summary>Stands in every operation of a block that was dropped: leaves before it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long Stale(ProcessorState* state, Operation* operation, long budget)
    {
        state->Rip = (state->RipBase + operation->PageOffset) & state->RipMask;
        return Abandon(operation, budget);
    }

    /// <summary>Stands for one execution in the operation after an access that changed what is due: leaves before it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long StopHere(ProcessorState* state, Operation* operation, long budget)
    {
        state->Rip = (state->RipBase + operation->PageOffset) & state->RipMask;
        return Abandon(operation, budget);
    }

    /// <summary>Ends a block of one instruction: leaves after it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long OneInstructionDone(ProcessorState* state, Operation* operation, long budget)
    {
        state->Rip = (state->RipBase + operation->PageOffset) & state->RipMask;
        return budget;
    }

    /// <summary>Ends a block that stopped at its size limit or at the end of its page.</summary>
    [MethodImpl(Hot)]
    internal static long NextBlock(ProcessorState* state, Operation* operation, long budget)
    {
        Operation* link = operation->Link;
        if (link != null) return Enter(state, link, budget);
        return FollowUnlinked(state, operation, operation->PageOffset, taken: true, budget);
    }

    /// <summary>The taken way of a relative branch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long Take(ProcessorState* state, Operation* operation, long budget)
    {
        Operation* link = operation->Link;
        if (link != null) return Enter(state, link, budget);
        return FollowUnlinked(state, operation, operation->Immediate, taken: true, budget);
    }

    /// <summary>The way past a conditional branch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long DoNotTake(ProcessorState* state, Operation* operation, long budget)
    {
        Operation* link = operation->FallThrough;
        if (link != null) return Enter(state, link, budget);
        return FollowUnlinked(state, operation, operation->PageOffset + operation->Length, taken: false, budget);
    }

    /// <summary>First time through a branch: finds the target and links it when it is in the same page.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long FollowUnlinked(ProcessorState* state, Operation* operation, long offset, bool taken, long budget)
    {
        ulong rip = (state->RipBase + (ulong)offset) & state->RipMask;
        bool mayLink = (ulong)offset < 4096 && (state->Mode & ExecutionMode.FlatCode) != 0;
        if (!mayLink) return GoTo(state, rip, budget);
        state->Rip = rip;
        if (budget <= 0 || state->LeaveRequested) return budget;
        Operation* target = Processor.Of(state).FindBlock();
        if (target == null) return budget;

        // The block of the branch may just have been dropped (the cache was full): then its record is dead and the link harmless.
        if (taken) operation->Link = target;
        else operation->FallThrough = target;
        budget -= target->BlockInstructions;
        if (budget < 0) return LeaveBefore(state, target, budget);
        return target->Handler(state, target, budget);
    }

    /// <summary>Verifies that an instruction that crosses into a second page still finds the page it was decoded from.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long CrossPageGuard(ProcessorState* state, Operation* operation, long budget)
    {
        Processor cpu = Processor.Of(state);
        Prepare(state, operation, budget);
        ulong next = cpu.LinearOfRip(state->RipBase + 4096);
        if (!cpu.Mmu.TryTranslateFetch(next, out ulong physical)) return Abandon(operation, budget);
        if ((physical & ~0xFFFUL) != (ulong)operation->Immediate)
        {
            cpu.Blocks.OnWrite((ulong)operation->Displacement, 1);
            return Abandon(operation, budget);
        }

        return operation[1].Handler(state, operation + 1, budget);
    }
}
