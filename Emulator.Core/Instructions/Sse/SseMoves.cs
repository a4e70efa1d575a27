using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>SDM Vol. 1, "SSE Data Transfer Instructions", "SSE2 Data Movement Instructions", "Cacheability Control".</summary>
internal static unsafe class SseMoves
{
    private const int QuadwordBytes = 8;

    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Move<Aligned>>(Mnemonic.Movaps),
        InstructionRow.Of<Move<Aligned>>(Mnemonic.Movapd),
        InstructionRow.Of<Move<Aligned>>(Mnemonic.Movdqa),
        InstructionRow.Of<Move<Aligned>>(Mnemonic.Movntps),
        InstructionRow.Of<Move<Aligned>>(Mnemonic.Movntpd),
        InstructionRow.Of<Move<Aligned>>(Mnemonic.Movntdq),
        InstructionRow.Of<Move<Aligned>>(Mnemonic.Movntdqa),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movups),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movupd),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movdqu),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Lddqu),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movd),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movq),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movntq),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movq2dq),
        InstructionRow.Of<Move<Unaligned>>(Mnemonic.Movdq2q),
        InstructionRow.Of<MoveGeneralNonTemporal>(Mnemonic.Movnti),
        InstructionRow.Of<MoveScalar<float>>(Mnemonic.Movss),
        InstructionRow.VectorForm<MoveScalar<double>>(Mnemonic.Movsd),
        InstructionRow.Of<MoveHalf<LowHalf>>(Mnemonic.Movlps),
        InstructionRow.Of<MoveHalf<LowHalf>>(Mnemonic.Movlpd),
        InstructionRow.Of<MoveHalf<HighHalf>>(Mnemonic.Movhps),
        InstructionRow.Of<MoveHalf<HighHalf>>(Mnemonic.Movhpd),
        InstructionRow.Of<Packed<HighToLow>>(Mnemonic.Movhlps),
        InstructionRow.Of<Packed<LowToHigh>>(Mnemonic.Movlhps),
        InstructionRow.Of<Packed<DuplicateDouble>>(Mnemonic.Movddup),
        InstructionRow.Of<Packed<DuplicateEven>>(Mnemonic.Movsldup),
        InstructionRow.Of<Packed<DuplicateOdd>>(Mnemonic.Movshdup),
        InstructionRow.Of<MaskedStore>(Mnemonic.Maskmovdqu),
        InstructionRow.Of<MaskedStore>(Mnemonic.Maskmovq),
        InstructionRow.Of<Emms>(Mnemonic.Emms),
        InstructionRow.Of<Nothing>(Mnemonic.Sfence),
        InstructionRow.Of<Nothing>(Mnemonic.Lfence),
        InstructionRow.Of<Nothing>(Mnemonic.Mfence),
        InstructionRow.Of<Nothing>(Mnemonic.Prefetchnta),
        InstructionRow.Of<Nothing>(Mnemonic.Prefetcht0),
        InstructionRow.Of<Nothing>(Mnemonic.Prefetcht1),
        InstructionRow.Of<Nothing>(Mnemonic.Prefetcht2),
        InstructionRow.Of<Nothing>(Mnemonic.Prefetchw),
    ];

    private interface IAlignmentRule
    {
        static abstract SseAlignment Rule { get; }
    }

    private interface IHalf
    {
        static abstract int Index { get; }
    }

    private readonly struct Aligned : IAlignmentRule
    {
        public static SseAlignment Rule => SseAlignment.Required;
    }

    private readonly struct Unaligned : IAlignmentRule
    {
        public static SseAlignment Rule => SseAlignment.Any;
    }

    private readonly struct LowHalf : IHalf
    {
        public static int Index => 0;
    }

    private readonly struct HighHalf : IHalf
    {
        public static int Index => 1;
    }

    /// <summary>Moves between registers of any kind and memory; an XMM destination is zero-extended.</summary>
    private readonly struct Move<TAlignment> : IInstruction
        where TAlignment : IAlignmentRule
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            Register destination = instruction.Op0Register;
            Register source = instruction.Op1Register;
            bool usesMmx = destination.IsMM() || source.IsMM();
            if (!SseOperands.IsUsable(cpu, state, usesMmx, destination.IsXMM() || source.IsXMM())) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, TAlignment.Rule, out Bytes value)) return false;

            // MOVQ xmm, xmm is the one register form that does not move everything.
            if (instruction.Mnemonic == Mnemonic.Movq) value = Vector128.CreateScalar(value.AsUInt64().ToScalar()).AsByte();
            if (!SseOperands.TryWrite(cpu, state, in instruction, 0, TAlignment.Rule, value)) return false;
            if (usesMmx) MmxRegisters.Enter(state);
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "MOVNTI—Store Doubleword Using Non-Temporal Hint": no unit is involved.</summary>
    private readonly struct MoveGeneralNonTemporal : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => cpu.TryReadOperand(in instruction, 1, out ulong value) && cpu.TryWriteOperand(in instruction, 0, value);
    }

    /// <summary>MOVSS and MOVSD: register to register keeps the upper part, a load clears it.</summary>
    internal readonly struct MoveScalar<T> : IInstruction
        where T : unmanaged
    {
        /// <inheritdoc/>
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state)) return false;
            Register destination = instruction.Op0Register;
            Register source = instruction.Op1Register;
            if (destination.IsXMM() && source.IsXMM())
            {
                *(T*)SseOperands.Xmm(state, destination) = *(T*)SseOperands.Xmm(state, source);
                return true;
            }

            return SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Any, out Bytes value)
                && SseOperands.TryWrite(cpu, state, in instruction, 0, SseAlignment.Any, value);
        }
    }

    /// <summary>MOVLPS, MOVHPS and the same for doubles: eight bytes between memory and one half.</summary>
    private readonly struct MoveHalf<THalf> : IInstruction
        where THalf : IHalf
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state)) return false;
            if (instruction.Op0Kind == OpKind.Memory)
            {
                ulong half = ((ulong*)SseOperands.Xmm(state, instruction.Op1Register))[THalf.Index];
                return cpu.TryWriteOperand(in instruction, 0, half);
            }

            if (!cpu.TryReadOperand(in instruction, 1, out ulong value)) return false;
            ((ulong*)SseOperands.Xmm(state, instruction.Op0Register))[THalf.Index] = value;
            return true;
        }
    }

    private readonly struct HighToLow : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.Create(second.GetUpper(), first.GetUpper());
    }

    private readonly struct LowToHigh : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.Create(first.GetLower(), second.GetLower());
    }

    private readonly struct DuplicateDouble : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.Create(second.GetLower(), second.GetLower());
    }

    private readonly struct DuplicateEven : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.Shuffle(second.AsUInt32(), Vector128.Create(0u, 0u, 2u, 2u)).AsByte();
    }

    private readonly struct DuplicateOdd : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.Shuffle(second.AsUInt32(), Vector128.Create(1u, 1u, 3u, 3u)).AsByte();
    }

    /// <summary>
    /// SDM Vol. 2, "MASKMOVDQU—Store Selected Bytes of Double Quadword", "MASKMOVQ". A mask of zeroes may or may not
    /// fault there; here only bytes that are written are checked.
    /// </summary>
    private readonly struct MaskedStore : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            bool usesMmx = instruction.Op1Register.IsMM();
            if (!SseOperands.IsUsable(cpu, state, usesMmx, !usesMmx)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Any, out Bytes value)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 2, SseAlignment.Any, out Bytes maskBytes)) return false;
            uint mask = maskBytes.ExtractMostSignificantBits() & (usesMmx ? 0xFFu : 0xFFFFu);
            (ulong offset, ulong offsetMask) = Destination(state, in instruction);
            SegmentName segment = Processor.SegmentOf(in instruction);
            int size = usesMmx ? QuadwordBytes : 2 * QuadwordBytes;

            // All bytes are checked before the first one is written.
            for (int index = 0; index < size; index++)
            {
                if ((mask & (1u << index)) != 0 && !cpu.ProbeWrite(segment, (offset + (uint)index) & offsetMask, 1)) return false;
            }

            for (int index = 0; index < size; index++)
            {
                if ((mask & (1u << index)) == 0) continue;
                if (!cpu.TryWrite(segment, (offset + (uint)index) & offsetMask, value.GetElement(index))) return false;
            }

            if (usesMmx) MmxRegisters.Enter(state);
            return true;
        }

        private static (ulong Offset, ulong Mask) Destination(ProcessorState* state, in Instruction instruction)
        {
            const int rdi = 7;
            ulong mask = instruction.Op0Kind switch
            {
                OpKind.MemorySegDI => ushort.MaxValue,
                OpKind.MemorySegEDI => uint.MaxValue,
                _ => ulong.MaxValue,
            };
            return (state->Gpr[rdi] & mask, mask);
        }
    }

    /// <summary>SDM Vol. 2, "EMMS—Empty MMX Technology State".</summary>
    private readonly struct Emms : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsMmxUsable(cpu, state)) return false;
            MmxRegisters.Leave(state);
            return true;
        }
    }

    /// <summary>Fences and prefetches: memory is ordered and caches do not show.</summary>
    private readonly struct Nothing : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction) => true;
    }
}
