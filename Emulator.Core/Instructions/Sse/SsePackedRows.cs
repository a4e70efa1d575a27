using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions.Sse;

/// <summary>How the 8-byte MMX form follows from the 16-byte one, both operands being in both halves.</summary>
internal enum MmxForm
{
    /// <summary>The result's low half: lane by lane, and "unpack low".</summary>
    Low,

    /// <summary>The result's high half: "unpack high".</summary>
    High,

    /// <summary>The low half of the operation on second:first: packs and horizontal operations.</summary>
    Concatenated,
}

/// <summary>A pure operation on two vectors; an operation that reads only its source ignores the first.</summary>
internal interface IPackedOperation
{
    /// <summary>The MMX form's derivation.</summary>
    static virtual MmxForm Mmx => MmxForm.Low;

    /// <summary>Destination and source to result.</summary>
    static abstract Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second);
}

/// <summary>A pure operation on two vectors and an immediate byte.</summary>
internal interface IPackedImmediateOperation
{
    /// <summary>Destination, source and immediate to result. MMX forms use the low half.</summary>
    static abstract Vector128<byte> Apply(Vector128<byte> first, Vector128<byte> second, byte immediate);
}

/// <summary>Destination MM or XMM, source register, memory or immediate.</summary>
internal readonly unsafe struct Packed<TOperation> : IInstruction
    where TOperation : IPackedOperation
{
    /// <inheritdoc/>
    public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
    {
        Register destination = instruction.Op0Register;
        if (destination.IsMM()) return ExecuteMmx(cpu, state, in instruction, destination);
        if (!SseUnit.IsUsable(cpu, state)) return false;
        if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Required, out Vector128<byte> source)) return false;
        Vector128<byte>* place = SseOperands.Xmm(state, destination);
        *place = TOperation.Apply(*place, source);
        return true;
    }

    private static bool ExecuteMmx(Processor cpu, ProcessorState* state, in Instruction instruction, Register destination)
    {
        if (!SseUnit.IsMmxUsable(cpu, state)) return false;
        if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Any, out Vector128<byte> source)) return false;
        ulong result = Apply64(MmxRegisters.Read(state, destination), source.AsUInt64().ToScalar());
        MmxRegisters.Enter(state);
        MmxRegisters.Write(state, destination, result);
        return true;
    }

    /// <summary>The MMX form of the operation.</summary>
    internal static ulong Apply64(ulong first, ulong second)
    {
        if (TOperation.Mmx == MmxForm.Concatenated)
        {
            Vector128<byte> both = Vector128.Create(first, second).AsByte();
            return TOperation.Apply(both, both).AsUInt64().GetElement(0);
        }

        Vector128<byte> result = TOperation.Apply(Vector128.Create(first).AsByte(), Vector128.Create(second).AsByte());
        return result.AsUInt64().GetElement(TOperation.Mmx == MmxForm.High ? 1 : 0);
    }
}

/// <summary>Destination MM or XMM, source register or memory, immediate byte.</summary>
internal readonly unsafe struct PackedImmediate<TOperation> : IInstruction
    where TOperation : IPackedImmediateOperation
{
    /// <inheritdoc/>
    public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
    {
        Register destination = instruction.Op0Register;
        if (destination.IsMM()) return ExecuteMmx(cpu, state, in instruction, destination);
        if (!SseUnit.IsUsable(cpu, state)) return false;
        if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Required, out Vector128<byte> source)) return false;
        Vector128<byte>* place = SseOperands.Xmm(state, destination);
        *place = TOperation.Apply(*place, source, instruction.Immediate8);
        return true;
    }

    private static bool ExecuteMmx(Processor cpu, ProcessorState* state, in Instruction instruction, Register destination)
    {
        if (!SseUnit.IsMmxUsable(cpu, state)) return false;
        if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Any, out Vector128<byte> source)) return false;
        Vector128<byte> first = Vector128.CreateScalar(MmxRegisters.Read(state, destination)).AsByte();
        MmxRegisters.Enter(state);
        MmxRegisters.Write(state, destination, TOperation.Apply(first, source, instruction.Immediate8).AsUInt64().ToScalar());
        return true;
    }
}
