using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Emulator.Core.Memory;
using Iced.Intel;

namespace Emulator.Core.Instructions.Sse;

/// <summary>Whether a 16-byte memory operand must be aligned.</summary>
internal enum SseAlignment
{
    /// <summary>#GP(0) unless on a 16-byte boundary: the rule for legacy SSE.</summary>
    Required,

    /// <summary>MOVUPS and its like.</summary>
    Any,
}

/// <summary>Operands of MMX and SSE instructions: registers of every kind, memory, immediates, as 16 bytes.</summary>
internal static unsafe class SseOperands
{
    private const int VectorBytes = 16;

    /// <summary>XMMn as a place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte>* Xmm(ProcessorState* state, Register register)
        => (Vector128<byte>*)((byte*)state->Vectors + (64 * ((register - Register.XMM0) & 31)));

    /// <summary>The unit checks of an instruction with the given registers; a memory operand needs none of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsUsable(Processor cpu, ProcessorState* state, bool usesMmx, bool usesXmm)
        => (!usesXmm || SseUnit.IsUsable(cpu, state)) && (!usesMmx || SseUnit.IsMmxUsable(cpu, state));

    /// <summary>Reads an operand, zero-extended to 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(
        Processor cpu, ProcessorState* state, in Instruction instruction, int operand, SseAlignment alignment, out Vector128<byte> value)
    {
        if (instruction.GetOpKind(operand) == OpKind.Register)
        {
            Register register = instruction.GetOpRegister(operand);
            if (register.IsXMM())
            {
                value = *Xmm(state, register);
                return true;
            }
        }

        return TryReadOther(cpu, state, in instruction, operand, alignment, out value);
    }

    /// <summary>Writes an operand: XMM whole, MM, general register, or as many bytes of memory as the instruction says.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryWrite(
        Processor cpu, ProcessorState* state, in Instruction instruction, int operand, SseAlignment alignment, Vector128<byte> value)
    {
        if (instruction.GetOpKind(operand) == OpKind.Register)
        {
            Register register = instruction.GetOpRegister(operand);
            if (register.IsXMM()) *Xmm(state, register) = value;
            else if (register.IsMM()) MmxRegisters.Write(state, register, value.AsUInt64().ToScalar());
            else cpu.WriteRegister(register, value.AsUInt64().ToScalar());
            return true;
        }

        return TryWriteMemory(cpu, in instruction, instruction.MemorySize.GetSize(), alignment, value);
    }

    /// <summary>Reads 1 to 16 bytes of the memory operand.</summary>
    public static bool TryReadMemory(
        Processor cpu, in Instruction instruction, int size, SseAlignment alignment, out Vector128<byte> value)
    {
        SegmentName segment = Processor.SegmentOf(instruction);
        ulong offset = cpu.EffectiveAddress(instruction);
        if (size != VectorBytes)
        {
            bool done = cpu.TryReadSized(segment, offset, size, out ulong narrow);
            value = Vector128.CreateScalar(narrow).AsByte();
            return done;
        }

        return alignment == SseAlignment.Any
            ? cpu.TryRead(segment, offset, out value)
            : TryReadAligned(cpu, segment, offset, out value);
    }

    /// <summary>Writes 1 to 16 bytes to the memory operand.</summary>
    public static bool TryWriteMemory(
        Processor cpu, in Instruction instruction, int size, SseAlignment alignment, Vector128<byte> value)
    {
        SegmentName segment = Processor.SegmentOf(instruction);
        ulong offset = cpu.EffectiveAddress(instruction);
        if (size != VectorBytes) return cpu.TryWriteSized(segment, offset, size, value.AsUInt64().ToScalar());
        if (alignment == SseAlignment.Any) return cpu.TryWrite(segment, offset, value);
        return IsAligned(cpu, segment, offset, AccessKind.Write, out ulong linear)
            && cpu.TryWriteBytes(linear, (byte*)&value, VectorBytes, cpu.CurrentPrivilege);
    }

    private static bool TryReadAligned(Processor cpu, SegmentName segment, ulong offset, out Vector128<byte> value)
    {
        value = default;
        Vector128<byte> read = default;
        if (!IsAligned(cpu, segment, offset, AccessKind.Read, out ulong linear)) return false;
        if (!cpu.TryReadBytes(linear, (byte*)&read, VectorBytes, cpu.CurrentPrivilege)) return false;
        value = read;
        return true;
    }

    private static bool IsAligned(Processor cpu, SegmentName segment, ulong offset, AccessKind kind, out ulong linear)
        => cpu.Linearize(segment, offset, VectorBytes, kind, out linear)
            && ((linear & (VectorBytes - 1)) == 0 || cpu.RaiseGeneralProtection(FaultCause.Alignment));

    private static bool TryReadOther(
        Processor cpu, ProcessorState* state, in Instruction instruction, int operand, SseAlignment alignment, out Vector128<byte> value)
    {
        switch (instruction.GetOpKind(operand))
        {
            case OpKind.Memory:
                return TryReadMemory(cpu, in instruction, instruction.MemorySize.GetSize(), alignment, out value);
            case OpKind.Register:
                Register register = instruction.GetOpRegister(operand);
                value = Vector128.CreateScalar(register.IsMM() ? MmxRegisters.Read(state, register) : cpu.ReadRegister(register)).AsByte();
                return true;
            default:
                value = Vector128.CreateScalar(instruction.GetImmediate(operand)).AsByte();
                return true;
        }
    }
}
