using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Interpretation;

/// <summary>Near jumps with a relative target, in code whose targets need no limit check.</summary>
internal static unsafe class JumpHandlers
{
    /// <summary>JMP rel.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Jump(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.Take(state, operation, budget);

    /// <summary>JMP r64.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long JumpRegister(ProcessorState* state, Operation* operation, long budget)
        => GoToChecked(state, operation, Registers.Read<ulong>(state, operation->Destination), budget);

    /// <summary>Goes to a computed 64-bit target; one that is not canonical faults at the branch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long GoToChecked(ProcessorState* state, Operation* operation, ulong target, long budget)
    {
        LookupEntry* entry = Interpreter.LookupSlot(state, target);
        if (entry->Rip == target && entry->Key == state->LookupKey)
        {
            state->RipBase = entry->RipBase;
            return Interpreter.Enter(state, entry->Target, budget);
        }

        return GoToUnknown(state, operation, target, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    internal static long GoToUnknown(ProcessorState* state, Operation* operation, ulong target, long budget)
    {
        if (Processor.IsCanonical(target)) return Interpreter.GoToSlow(state, target, budget);
        Interpreter.Prepare(state, operation, budget);
        Processor.Of(state).RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
        return Interpreter.Abandon(operation, budget);
    }
}

/// <summary>Jcc, SETcc and CMOVcc on the flags.</summary>
internal static unsafe class ConditionHandlers<TCondition>
    where TCondition : struct, ICondition
{
    /// <summary>Jcc rel.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Jump(ProcessorState* state, Operation* operation, long budget)
        => TCondition.Holds(state->Flags)
            ? Interpreter.Take(state, operation, budget)
            : Interpreter.DoNotTake(state, operation, budget);

    /// <summary>SETcc r8.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Set(ProcessorState* state, Operation* operation, long budget)
    {
        Registers.Write(state, operation->Destination, (byte)(TCondition.Holds(state->Flags) ? 1 : 0));
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>CMOVcc r32, r32: the upper half is zeroed even when nothing moves.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Move32(ProcessorState* state, Operation* operation, long budget)
    {
        ushort from = TCondition.Holds(state->Flags) ? operation->Source : operation->Destination;
        Registers.Write(state, operation->Destination, Registers.Read<uint>(state, from));
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>CMOVcc r64, r64.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Move64(ProcessorState* state, Operation* operation, long budget)
    {
        ushort from = TCondition.Holds(state->Flags) ? operation->Source : operation->Destination;
        Registers.Write(state, operation->Destination, Registers.Read<ulong>(state, from));
        return operation[1].Handler(state, operation + 1, budget);
    }
}

/// <summary>CMP or TEST fused with the Jcc after it.</summary>
internal static unsafe class FusedHandlers<TCondition, T>
    where TCondition : struct, ICondition
    where T : unmanaged, IBinaryInteger<T>
{
    /// <summary>CMP r, r; Jcc.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long CompareRegister(ProcessorState* state, Operation* operation, long budget)
        => Compare(state, operation, Registers.Read<T>(state, operation->Source), budget);

    /// <summary>CMP r, imm; Jcc.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long CompareImmediate(ProcessorState* state, Operation* operation, long budget)
        => Compare(state, operation, Widths.Truncate<T>((ulong)operation->Displacement), budget);

    /// <summary>TEST r, r; Jcc.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long TestRegister(ProcessorState* state, Operation* operation, long budget)
        => Test(state, operation, Registers.Read<T>(state, operation->Source), budget);

    /// <summary>TEST r, imm; Jcc.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long TestImmediate(ProcessorState* state, Operation* operation, long budget)
        => Test(state, operation, Widths.Truncate<T>((ulong)operation->Displacement), budget);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Compare(ProcessorState* state, Operation* operation, T right, long budget)
    {
        T left = Registers.Read<T>(state, operation->Destination);
        _ = CmpOperation.Execute(left, right, default, out LazyFlags flags);
        state->Flags = flags;
        return TCondition.HoldsForCompare(left, right, flags)
            ? Interpreter.Take(state, operation, budget)
            : Interpreter.DoNotTake(state, operation, budget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Test(ProcessorState* state, Operation* operation, T right, long budget)
    {
        _ = TestOperation.Execute(Registers.Read<T>(state, operation->Destination), right, default, out LazyFlags flags);
        state->Flags = flags;
        return TCondition.Holds(flags)
            ? Interpreter.Take(state, operation, budget)
            : Interpreter.DoNotTake(state, operation, budget);
    }
}
