using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Interpretation;

/// <summary>INC, DEC, NEG, NOT of a register.</summary>
internal static unsafe class UnaryHandlers<TOperation, T, TFlags>
    where TOperation : struct, IUnaryOperation
    where T : unmanaged, IBinaryInteger<T>
    where TFlags : struct, IFlagUse
{
    /// <summary>op r.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Register(ProcessorState* state, Operation* operation, long budget)
    {
        T result = TOperation.Execute(Registers.Read<T>(state, operation->Destination), state->Flags, out LazyFlags flags);
        if (TFlags.Live) state->Flags = flags;
        Registers.Write(state, operation->Destination, result);
        return operation[1].Handler(state, operation + 1, budget);
    }
}

/// <summary>INC, DEC, NEG, NOT of memory.</summary>
internal static unsafe class UnaryMemoryHandlers<TOperation, T, TForm>
    where TOperation : struct, IUnaryOperation
    where T : unmanaged, IBinaryInteger<T>
    where TForm : struct, IAddressForm
{
    /// <summary>op m.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Memory(ProcessorState* state, Operation* operation, long budget)
    {
        T* target = Interpreter.TryTarget<TForm, T>(state, operation);
        if (target == null) return MemoryMiss(state, operation, budget);
        *target = TOperation.Execute(*target, state->Flags, out LazyFlags flags);
        state->Flags = flags;
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long MemoryMiss(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.Modify<TForm, T>(state, operation, budget)) return Interpreter.Abandon(operation, budget);
        T* target = (T*)state->Slow;
        *target = TOperation.Execute(*target, state->Flags, out LazyFlags flags);
        if (!Interpreter.WriteBack<TForm, T>(state, operation, budget)) return Interpreter.Abandon(operation, budget);
        state->Flags = flags;
        return operation[1].Handler(state, operation + 1, budget);
    }
}

/// <summary>Shifts and rotates of a register, by an immediate or by CL.</summary>
internal static unsafe class ShiftHandlers<TOperation, T, TFlags>
    where TOperation : struct, IShiftOperation
    where T : unmanaged, IBinaryInteger<T>
    where TFlags : struct, IFlagUse
{
    /// <summary>op r, imm.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterImmediate(ProcessorState* state, Operation* operation, long budget)
    {
        T result = TOperation.Execute(Registers.Read<T>(state, operation->Destination), (int)operation->Immediate, state->Flags, out LazyFlags flags);
        if (TFlags.Live) state->Flags = flags;
        Registers.Write(state, operation->Destination, result);
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>op r, CL.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterCl(ProcessorState* state, Operation* operation, long budget)
    {
        int count = (byte)state->Gpr[1];
        T result = TOperation.Execute(Registers.Read<T>(state, operation->Destination), count, state->Flags, out LazyFlags flags);
        if (TFlags.Live) state->Flags = flags;
        Registers.Write(state, operation->Destination, result);
        return operation[1].Handler(state, operation + 1, budget);
    }
}

/// <summary>Shifts and rotates of memory by an immediate.</summary>
internal static unsafe class ShiftMemoryHandlers<TOperation, T, TForm>
    where TOperation : struct, IShiftOperation
    where T : unmanaged, IBinaryInteger<T>
    where TForm : struct, IAddressForm
{
    /// <summary>op m, imm.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long MemoryImmediate(ProcessorState* state, Operation* operation, long budget)
    {
        T* target = Interpreter.TryTarget<TForm, T>(state, operation);
        if (target == null) return MemoryImmediateMiss(state, operation, budget);
        *target = TOperation.Execute(*target, (int)operation->Immediate, state->Flags, out LazyFlags flags);
        state->Flags = flags;
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long MemoryImmediateMiss(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.Modify<TForm, T>(state, operation, budget)) return Interpreter.Abandon(operation, budget);
        T* target = (T*)state->Slow;
        *target = TOperation.Execute(*target, (int)operation->Immediate, state->Flags, out LazyFlags flags);
        if (!Interpreter.WriteBack<TForm, T>(state, operation, budget)) return Interpreter.Abandon(operation, budget);
        state->Flags = flags;
        return operation[1].Handler(state, operation + 1, budget);
    }
}
