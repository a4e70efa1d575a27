using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Interpretation;

/// <summary>MOV between registers and immediates; LEA. SDM Vol. 2, "MOV—Move".</summary>
internal static unsafe class MoveHandlers<T>
    where T : unmanaged
{
    /// <summary>MOV r, r.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterRegister(ProcessorState* state, Operation* operation, long budget)
    {
        Registers.Write(state, operation->Destination, Registers.Read<T>(state, operation->Source));
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>MOV r, imm.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterImmediate(ProcessorState* state, Operation* operation, long budget)
    {
        Registers.Write(state, operation->Destination, Widths.Truncate<T>((ulong)operation->Immediate));
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>NOP, also with a memory operand, which is not accessed.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Nothing(ProcessorState* state, Operation* operation, long budget)
        => operation[1].Handler(state, operation + 1, budget);

    /// <summary>XCHG r, r.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long Exchange(ProcessorState* state, Operation* operation, long budget)
    {
        T left = Registers.Read<T>(state, operation->Destination);
        T right = Registers.Read<T>(state, operation->Source);
        Registers.Write(state, operation->Destination, right);
        Registers.Write(state, operation->Source, left);
        return operation[1].Handler(state, operation + 1, budget);
    }
}

/// <summary>MOV with memory; LEA.</summary>
internal static unsafe class MoveMemoryHandlers<T, TForm>
    where T : unmanaged
    where TForm : struct, IAddressForm
{
    /// <summary>MOV r, m.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterMemory(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.TryLoad<TForm, T>(state, operation, out T value)) return RegisterMemoryMiss(state, operation, budget);
        Registers.Write(state, operation->Destination, value);
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long RegisterMemoryMiss(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.Load<TForm, T>(state, operation, budget)) return Interpreter.Abandon(operation, budget);
        Registers.Write(state, operation->Destination, *(T*)state->Slow);
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>MOV m, r.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long MemoryRegister(ProcessorState* state, Operation* operation, long budget)
    {
        T value = Registers.Read<T>(state, operation->Source);
        if (!Interpreter.TryStore<TForm, T>(state, operation, value)) return MemoryRegisterMiss(state, operation, budget);
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long MemoryRegisterMiss(ProcessorState* state, Operation* operation, long budget)
    {
        T value = Registers.Read<T>(state, operation->Source);
        if (!Interpreter.Store<TForm, T>(state, operation, budget, value)) return Interpreter.Abandon(operation, budget);
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>MOV m, imm.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long MemoryImmediate(ProcessorState* state, Operation* operation, long budget)
    {
        T value = Widths.Truncate<T>((ulong)operation->Immediate);
        if (!Interpreter.TryStore<TForm, T>(state, operation, value)) return MemoryImmediateMiss(state, operation, budget);
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long MemoryImmediateMiss(ProcessorState* state, Operation* operation, long budget)
    {
        T value = Widths.Truncate<T>((ulong)operation->Immediate);
        if (!Interpreter.Store<TForm, T>(state, operation, budget, value)) return Interpreter.Abandon(operation, budget);
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>LEA: the offset, cut to the operand size. SDM Vol. 2, "LEA—Load Effective Address".</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long EffectiveAddress(ProcessorState* state, Operation* operation, long budget)
    {
        Registers.Write(state, operation->Destination, Widths.Truncate<T>(TForm.Offset(state, operation)));
        return operation[1].Handler(state, operation + 1, budget);
    }
}

/// <summary>MOVZX, MOVSX, MOVSXD of a register.</summary>
internal static unsafe class ExtendHandlers<T, TSource, TSign>
    where T : unmanaged
    where TSource : unmanaged
    where TSign : struct, IFlagUse
{
    /// <summary>MOVZX/MOVSX r, r. <typeparamref name="TSign"/> "live" means sign extension.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterRegister(ProcessorState* state, Operation* operation, long budget)
    {
        TSource value = Registers.Read<TSource>(state, operation->Source);
        Registers.Write(state, operation->Destination, Extend(value));
        return operation[1].Handler(state, operation + 1, budget);
    }

    /// <summary>The extended value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Extend(TSource value)
        => Widths.Truncate<T>(TSign.Live ? Widths.SignExtend(value) : Widths.ZeroExtend(value));
}

/// <summary>MOVZX, MOVSX, MOVSXD from memory.</summary>
internal static unsafe class ExtendMemoryHandlers<T, TSource, TSign, TForm>
    where T : unmanaged
    where TSource : unmanaged
    where TSign : struct, IFlagUse
    where TForm : struct, IAddressForm
{
    /// <summary>MOVZX/MOVSX r, m.</summary>
    [MethodImpl(Interpreter.Hot)]
    public static long RegisterMemory(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.TryLoad<TForm, TSource>(state, operation, out TSource value)) return RegisterMemoryMiss(state, operation, budget);
        Registers.Write(state, operation->Destination, ExtendHandlers<T, TSource, TSign>.Extend(value));
        return operation[1].Handler(state, operation + 1, budget);
    }

    [MethodImpl(MethodImplOptions.NoInlining | Interpreter.Hot)]
    private static long RegisterMemoryMiss(ProcessorState* state, Operation* operation, long budget)
    {
        if (!Interpreter.Load<TForm, TSource>(state, operation, budget)) return Interpreter.Abandon(operation, budget);
        Registers.Write(state, operation->Destination, ExtendHandlers<T, TSource, TSign>.Extend(*(TSource*)state->Slow));
        return operation[1].Handler(state, operation + 1, budget);
    }
}
