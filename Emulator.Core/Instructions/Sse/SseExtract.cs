using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>A value for a general-purpose register or memory, made from a vector.</summary>
internal interface IExtractOperation
{
    /// <summary>Source and immediate (0 when there is none) to the value.</summary>
    static abstract ulong Apply(Bytes source, byte immediate);
}

/// <summary>Destination general register or memory, source MM or XMM.</summary>
internal readonly unsafe struct Extract<TOperation> : IInstruction
    where TOperation : IExtractOperation
{
    /// <inheritdoc/>
    public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
    {
        bool usesMmx = instruction.Op1Register.IsMM();
        if (!SseOperands.IsUsable(cpu, state, usesMmx, !usesMmx)) return false;
        if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Required, out Bytes source)) return false;
        byte immediate = instruction.OpCount > 2 ? instruction.Immediate8 : (byte)0;

        // The MMX form of PEXTRW has four words, not eight.
        if (usesMmx) immediate &= 3;
        if (!cpu.TryWriteOperand(in instruction, 0, TOperation.Apply(source, immediate))) return false;
        if (usesMmx) MmxRegisters.Enter(state);
        return true;
    }
}

/// <summary>Between vectors and general-purpose registers. SDM Vol. 1, "SSE4.1 Insertion and Extractions", "PMOVMSKB".</summary>
internal static unsafe class SseExtract
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Extract<SignsOfBytes>>(Mnemonic.Pmovmskb),
        InstructionRow.Of<Extract<SignsOfSingles>>(Mnemonic.Movmskps),
        InstructionRow.Of<Extract<SignsOfDoubles>>(Mnemonic.Movmskpd),
        InstructionRow.Of<Extract<Element<byte>>>(Mnemonic.Pextrb),
        InstructionRow.Of<Extract<Element<ushort>>>(Mnemonic.Pextrw),
        InstructionRow.Of<Extract<Element<uint>>>(Mnemonic.Pextrd),
        InstructionRow.Of<Extract<Element<ulong>>>(Mnemonic.Pextrq),
        InstructionRow.Of<Extract<Element<uint>>>(Mnemonic.Extractps),
        InstructionRow.Of<PackedImmediate<Insert<byte>>>(Mnemonic.Pinsrb),
        InstructionRow.Of<InsertWord>(Mnemonic.Pinsrw),
        InstructionRow.Of<PackedImmediate<Insert<uint>>>(Mnemonic.Pinsrd),
        InstructionRow.Of<PackedImmediate<Insert<ulong>>>(Mnemonic.Pinsrq),
        InstructionRow.Of<InsertSingle>(Mnemonic.Insertps),
    ];

    private readonly struct SignsOfBytes : IExtractOperation
    {
        public static ulong Apply(Bytes source, byte immediate) => source.ExtractMostSignificantBits();
    }

    private readonly struct SignsOfSingles : IExtractOperation
    {
        public static ulong Apply(Bytes source, byte immediate) => source.AsUInt32().ExtractMostSignificantBits();
    }

    private readonly struct SignsOfDoubles : IExtractOperation
    {
        public static ulong Apply(Bytes source, byte immediate) => source.AsUInt64().ExtractMostSignificantBits();
    }

    private readonly struct Element<T> : IExtractOperation
        where T : unmanaged
    {
        public static ulong Apply(Bytes source, byte immediate)
            => Widths.ZeroExtend(source.As<byte, T>().GetElement(immediate & (Vector128<T>.Count - 1)));
    }

    private readonly struct Insert<T> : IPackedImmediateOperation
        where T : unmanaged
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
            => first.As<byte, T>().WithElement(immediate & (Vector128<T>.Count - 1), second.As<byte, T>().ToScalar()).AsByte();
    }

    private readonly struct InsertMmxWord : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate) => Insert<ushort>.Apply(first, second, (byte)(immediate & 3));
    }

    private readonly struct InsertWord : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => instruction.Op0Register.IsMM()
                ? PackedImmediate<InsertMmxWord>.Execute(cpu, state, in instruction)
                : PackedImmediate<Insert<ushort>>.Execute(cpu, state, in instruction);
    }

    /// <summary>INSERTPS: imm8[7:6] selects the source element of a register source only.</summary>
    private readonly struct InsertSingle : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => instruction.Op1Kind == OpKind.Memory
                ? PackedImmediate<InsertFromMemory>.Execute(cpu, state, in instruction)
                : PackedImmediate<InsertFromRegister>.Execute(cpu, state, in instruction);
    }

    private readonly struct InsertFromMemory : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
            => InsertFromRegister.Apply(first, second, (byte)(immediate & 0x3F));
    }

    private readonly struct InsertFromRegister : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            uint element = second.AsUInt32().GetElement(immediate >> 6);
            Vector128<uint> inserted = first.AsUInt32().WithElement((immediate >> 4) & 3, element);
            Vector128<uint> bit = Vector128.Create(1u, 2u, 4u, 8u);
            Vector128<uint> cleared = Vector128.Equals(Vector128.Create((uint)immediate) & bit, bit);
            return Vector128.AndNot(inserted, cleared).AsByte();
        }
    }
}
