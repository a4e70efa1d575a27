using System.Runtime.CompilerServices;
using Emulator.Core.Execution;
using Emulator.Core.Memory;

namespace Emulator.Core.Interpretation;

/// <summary>PUSH, POP, CALL and RET in 64-bit mode, 8 bytes wide. SDM Vol. 1, "Stack Behavior in 64-Bit Mode".</summary>
internal static unsafe class StackHandlers
{
    private const int Rsp = 4;

    /// <summary>PUSH r64.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long PushRegister(ProcessorState* state, Operation* operation, long budget)
        => TryPush(state, Registers.Read<ulong>(state, operation->Source))
            ? operation[1].Handler(state, operation + 1, budget)
            : PushMiss(state, operation, budget, Registers.Read<ulong>(state, operation->Source));

    /// <summary>PUSH imm.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long PushImmediate(ProcessorState* state, Operation* operation, long budget)
        => TryPush(state, (ulong)operation->Immediate)
            ? operation[1].Handler(state, operation + 1, budget)
            : PushMiss(state, operation, budget, (ulong)operation->Immediate);

    /// <summary>POP r64; POP RSP keeps the value read.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long PopRegister(ProcessorState* state, Operation* operation, long budget)
    {
        if (!TryTop(state, out ulong value)) return PopMiss(state, operation, budget);
        state->Gpr[Rsp] += sizeof(ulong);
        Registers.Write(state, operation->Destination, value);
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>CALL rel.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Call(ProcessorState* state, Operation* operation, long budget)
        => TryPush(state, ReturnAddress(state, operation))
            ? Interpreter.Take(state, operation, budget)
            : CallMiss(state, operation, budget);

    /// <summary>CALL r64.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long CallRegister(ProcessorState* state, Operation* operation, long budget)
        => CallTo(state, operation, budget, Registers.Read<ulong>(state, operation->Source));

    /// <summary>RET.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Return(ProcessorState* state, Operation* operation, long budget)
    {
        if (!TryTop(state, out ulong target)) return ReturnMiss(state, operation, budget);
        LookupEntry* entry = Interpreter.LookupSlot(state, target);
        if (entry->Rip != target || entry->Key != state->LookupKey) return ReturnMiss(state, operation, budget);
        state->Gpr[Rsp] += sizeof(ulong);
        state->RipBase = entry->RipBase;
        return Interpreter.Enter(state, entry->Target, budget);
    }

    /// <summary>CALL to a computed target: one that is not canonical faults before anything is pushed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long CallTo(ProcessorState* state, Operation* operation, long budget, ulong target)
    {
        LookupEntry* entry = Interpreter.LookupSlot(state, target);
        bool isKnown = entry->Rip == target && entry->Key == state->LookupKey;
        if (!isKnown || !TryPush(state, ReturnAddress(state, operation))) return CallToMiss(state, operation, budget, target);
        state->RipBase = entry->RipBase;
        return Interpreter.Enter(state, entry->Target, budget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong ReturnAddress(ProcessorState* state, Operation* operation)
        => state->RipBase + operation->PageOffset + operation->Length;

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long PushMiss(ProcessorState* state, Operation* operation, long budget, ulong value)
        => Push(state, operation, budget, value)
            ? operation[1].Handler(state, operation + 1, budget)
            : Interpreter.Abandon(operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long PopMiss(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.LoadSlow(state, operation, budget, state->Gpr[Rsp], sizeof(ulong))) return Interpreter.Abandon(operation, budget);
        state->Gpr[Rsp] += sizeof(ulong);
        Registers.Write(state, operation->Destination, state->Slow[0]);
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long CallMiss(ProcessorState* state, Operation* operation, long budget)
        => Push(state, operation, budget, ReturnAddress(state, operation))
            ? Interpreter.Take(state, operation, budget)
            : Interpreter.Abandon(operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long CallToMiss(ProcessorState* state, Operation* operation, long budget, ulong target)
    {
        if (!Processor.IsCanonical(target)) return JumpHandlers.GoToUnknown(state, operation, target, budget);
        if (!Push(state, operation, budget, ReturnAddress(state, operation))) return Interpreter.Abandon(operation, budget);
        return Interpreter.GoToSlow(state, target, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long ReturnMiss(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.LoadSlow(state, operation, budget, state->Gpr[Rsp], sizeof(ulong))) return Interpreter.Abandon(operation, budget);
        ulong target = state->Slow[0];
        if (!Processor.IsCanonical(target)) return JumpHandlers.GoToUnknown(state, operation, target, budget);
        state->Gpr[Rsp] += sizeof(ulong);
        return Interpreter.GoToSlow(state, target, budget);
    }

    private static bool Push(ProcessorState* state, Operation* operation, long budget, ulong value)
    {
        ulong address = state->Gpr[Rsp] - sizeof(ulong);
        state->Slow[0] = value;
        if (!Interpreter.StoreSlow(state, operation, budget, address, sizeof(ulong))) return false;
        state->Gpr[Rsp] = address;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryPush(ProcessorState* state, ulong value)
    {
        ulong address = state->Gpr[Rsp] - sizeof(ulong);
        TlbEntry* entry = TranslationContext.Slot(state->Tlb, address);
        if (((address + 7) & ~0xFFFUL) != entry->WriteTag) return false;
        *(ulong*)(address + entry->Addend) = value;
        state->Gpr[Rsp] = address;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryTop(ProcessorState* state, out ulong value)
    {
        ulong address = state->Gpr[Rsp];
        TlbEntry* entry = TranslationContext.Slot(state->Tlb, address);
        bool hit = ((address + 7) & ~0xFFFUL) == entry->ReadTag;
        value = hit ? *(ulong*)(address + entry->Addend) : 0;
        return hit;
    }
}

/// <summary>CALL and JMP through memory in 64-bit mode.</summary>
internal static unsafe class IndirectHandlers<TForm>
    where TForm : struct, IAddressForm
{
    /// <summary>CALL m64.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Call(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.TryLoad<TForm, ulong>(state, operation, out ulong target)
            ? StackHandlers.CallTo(state, operation, budget, target)
            : CallMiss(state, operation, budget);

    /// <summary>JMP m64.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Jump(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.TryLoad<TForm, ulong>(state, operation, out ulong target)
            ? JumpHandlers.GoToChecked(state, operation, target, budget)
            : JumpMiss(state, operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long CallMiss(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.Load<TForm, ulong>(state, operation, budget)
            ? StackHandlers.CallTo(state, operation, budget, state->Slow[0])
            : Interpreter.Abandon(operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long JumpMiss(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.Load<TForm, ulong>(state, operation, budget)
            ? JumpHandlers.GoToChecked(state, operation, state->Slow[0], budget)
            : Interpreter.Abandon(operation, budget);
}
