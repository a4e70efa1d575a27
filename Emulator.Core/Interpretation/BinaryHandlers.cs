using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Interpretation;

/// <summary>Register forms of two-operand operations.</summary>
internal static unsafe class BinaryHandlers<TOperation, T, TFlags>
    where TOperation : struct, IBinaryOperation
    where T : unmanaged, IBinaryInteger<T>
    where TFlags : struct, IFlagUse
{
    /// <summary>op r, r.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterRegister(ProcessorState* state, Operation* operation, long budget)
    {
        Combine(state, operation, Registers.Read<T>(state, operation->Source));
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>op r, imm.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterImmediate(ProcessorState* state, Operation* operation, long budget)
    {
        Combine(state, operation, Widths.Truncate<T>((ulong)operation->Immediate));
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>dest = r op imm (three-operand IMUL).</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterRegisterImmediate(ProcessorState* state, Operation* operation, long budget)
    {
        T left = Registers.Read<T>(state, operation->Source);
        T result = TOperation.Execute(left, Widths.Truncate<T>((ulong)operation->Immediate), default, out LazyFlags flags);
        if (TFlags.Live) state->Flags = flags;
        Registers.Write(state, operation->Destination, result);
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Combine(ProcessorState* state, Operation* operation, T right)
    {
        T left = Registers.Read<T>(state, operation->Destination);
        T result = TOperation.Execute(left, right, state->Flags, out LazyFlags flags);
        if (TFlags.Live) state->Flags = flags;
        if (TOperation.Writes) Registers.Write(state, operation->Destination, result);
    }
}

/// <summary>Memory forms of two-operand operations. Their flags are always live: a fault may show them.</summary>
internal static unsafe class BinaryMemoryHandlers<TOperation, T, TForm>
    where TOperation : struct, IBinaryOperation
    where T : unmanaged, IBinaryInteger<T>
    where TForm : struct, IAddressForm
{
    /// <summary>op r, m.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterMemory(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.TryLoad<TForm, T>(state, operation, out T right)
            ? ToRegister(state, operation, budget, right)
            : RegisterMemoryMiss(state, operation, budget);

    /// <summary>dest = m op imm (three-operand IMUL).</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterMemoryImmediate(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.TryLoad<TForm, T>(state, operation, out T left)
            ? ThreeOperands(state, operation, budget, left)
            : RegisterMemoryImmediateMiss(state, operation, budget);

    /// <summary>op m, r.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long MemoryRegister(ProcessorState* state, Operation* operation, long budget)
        => ToMemory(state, operation, Registers.Read<T>(state, operation->Source))
            ? operation[1].Handler(state, operation + 1, budget)
            : MemoryRegisterMiss(state, operation, budget);

    /// <summary>op m, imm.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long MemoryImmediate(ProcessorState* state, Operation* operation, long budget)
        => ToMemory(state, operation, Widths.Truncate<T>((ulong)operation->Immediate))
            ? operation[1].Handler(state, operation + 1, budget)
            : MemoryImmediateMiss(state, operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long RegisterMemoryMiss(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.Load<TForm, T>(state, operation, budget)
            ? ToRegister(state, operation, budget, *(T*)state->Slow)
            : Interpreter.Abandon(operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long RegisterMemoryImmediateMiss(ProcessorState* state, Operation* operation, long budget)
        => Interpreter.Load<TForm, T>(state, operation, budget)
            ? ThreeOperands(state, operation, budget, *(T*)state->Slow)
            : Interpreter.Abandon(operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long MemoryRegisterMiss(ProcessorState* state, Operation* operation, long budget)
        => ToMemoryMiss(state, operation, budget, Registers.Read<T>(state, operation->Source))
            ? operation[1].Handler(state, operation + 1, budget)
            : Interpreter.Abandon(operation, budget);

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long MemoryImmediateMiss(ProcessorState* state, Operation* operation, long budget)
        => ToMemoryMiss(state, operation, budget, Widths.Truncate<T>((ulong)operation->Immediate))
            ? operation[1].Handler(state, operation + 1, budget)
            : Interpreter.Abandon(operation, budget);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long ToRegister(ProcessorState* state, Operation* operation, long budget, T right)
    {
        T left = Registers.Read<T>(state, operation->Destination);
        T result = TOperation.Execute(left, right, state->Flags, out LazyFlags flags);
        state->Flags = flags;
        if (TOperation.Writes) Registers.Write(state, operation->Destination, result);
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long ThreeOperands(ProcessorState* state, Operation* operation, long budget, T left)
    {
        T result = TOperation.Execute(left, Widths.Truncate<T>((ulong)operation->Immediate), state->Flags, out LazyFlags flags);
        state->Flags = flags;
        Registers.Write(state, operation->Destination, result);
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ToMemory(ProcessorState* state, Operation* operation, T right)
    {
        LazyFlags flags;
        if (!TOperation.Writes)
        {
            if (!Interpreter.TryLoad<TForm, T>(state, operation, out T compared)) return false;
            _ = TOperation.Execute(compared, right, state->Flags, out flags);
            state->Flags = flags;
            return true;
        }

        T* target = Interpreter.TryTarget<TForm, T>(state, operation);
        if (target == null) return false;
        *target = TOperation.Execute(*target, right, state->Flags, out flags);
        state->Flags = flags;
        return true;
    }

    private static bool ToMemoryMiss(ProcessorState* state, Operation* operation, long budget, T right)
    {
        LazyFlags flags;
        if (!TOperation.Writes)
        {
            if (!Interpreter.Load<TForm, T>(state, operation, budget)) return false;
            _ = TOperation.Execute(*(T*)state->Slow, right, state->Flags, out flags);
            state->Flags = flags;
            return true;
        }

        if (!Interpreter.Modify<TForm, T>(state, operation, budget)) return false;
        *(T*)state->Slow = TOperation.Execute(*(T*)state->Slow, right, state->Flags, out flags);
        if (!Interpreter.WriteBack<TForm, T>(state, operation, budget)) return false;
        state->Flags = flags;
        return true;
    }
}
