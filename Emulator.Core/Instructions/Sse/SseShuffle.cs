using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>Packs, unpacks, shuffles, shifts. SDM Vol. 1, "MMX Conversion Instructions", "SSE2 Shuffle and Unpack Instructions".</summary>
internal static class SseShuffle
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Packed<PackSignedWords>>(Mnemonic.Packsswb),
        InstructionRow.Of<Packed<PackSignedDoublewords>>(Mnemonic.Packssdw),
        InstructionRow.Of<Packed<PackUnsignedWords>>(Mnemonic.Packuswb),
        InstructionRow.Of<Packed<PackUnsignedDoublewords>>(Mnemonic.Packusdw),
        InstructionRow.Of<Packed<UnpackLow<byte>>>(Mnemonic.Punpcklbw),
        InstructionRow.Of<Packed<UnpackLow<ushort>>>(Mnemonic.Punpcklwd),
        InstructionRow.Of<Packed<UnpackLow<uint>>>(Mnemonic.Punpckldq),
        InstructionRow.Of<Packed<UnpackLow<ulong>>>(Mnemonic.Punpcklqdq),
        InstructionRow.Of<Packed<UnpackLow<uint>>>(Mnemonic.Unpcklps),
        InstructionRow.Of<Packed<UnpackLow<ulong>>>(Mnemonic.Unpcklpd),
        InstructionRow.Of<Packed<UnpackHigh<byte>>>(Mnemonic.Punpckhbw),
        InstructionRow.Of<Packed<UnpackHigh<ushort>>>(Mnemonic.Punpckhwd),
        InstructionRow.Of<Packed<UnpackHigh<uint>>>(Mnemonic.Punpckhdq),
        InstructionRow.Of<Packed<UnpackHigh<ulong>>>(Mnemonic.Punpckhqdq),
        InstructionRow.Of<Packed<UnpackHigh<uint>>>(Mnemonic.Unpckhps),
        InstructionRow.Of<Packed<UnpackHigh<ulong>>>(Mnemonic.Unpckhpd),
        InstructionRow.Of<Packed<ShiftLeft<ushort>>>(Mnemonic.Psllw),
        InstructionRow.Of<Packed<ShiftLeft<uint>>>(Mnemonic.Pslld),
        InstructionRow.Of<Packed<ShiftLeft<ulong>>>(Mnemonic.Psllq),
        InstructionRow.Of<Packed<ShiftRight<ushort>>>(Mnemonic.Psrlw),
        InstructionRow.Of<Packed<ShiftRight<uint>>>(Mnemonic.Psrld),
        InstructionRow.Of<Packed<ShiftRight<ulong>>>(Mnemonic.Psrlq),
        InstructionRow.Of<Packed<ShiftRightArithmetic<short>>>(Mnemonic.Psraw),
        InstructionRow.Of<Packed<ShiftRightArithmetic<int>>>(Mnemonic.Psrad),
        InstructionRow.Of<Packed<ShiftBytesLeft>>(Mnemonic.Pslldq),
        InstructionRow.Of<Packed<ShiftBytesRight>>(Mnemonic.Psrldq),
        InstructionRow.Of<Packed<ShuffleBytes>>(Mnemonic.Pshufb),
        InstructionRow.Of<PackedImmediate<ShuffleDoublewords>>(Mnemonic.Pshufd),
        InstructionRow.Of<PackedImmediate<ShuffleLowWords>>(Mnemonic.Pshuflw),
        InstructionRow.Of<PackedImmediate<ShuffleLowWords>>(Mnemonic.Pshufw),
        InstructionRow.Of<PackedImmediate<ShuffleHighWords>>(Mnemonic.Pshufhw),
        InstructionRow.Of<PackedImmediate<ShuffleSingles>>(Mnemonic.Shufps),
        InstructionRow.Of<PackedImmediate<ShuffleDoubles>>(Mnemonic.Shufpd),
        InstructionRow.Of<AlignRight>(Mnemonic.Palignr),
    ];

    private readonly struct PackSignedWords : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.NarrowWithSaturation(first.AsInt16(), second.AsInt16()).AsByte();
    }

    private readonly struct PackSignedDoublewords : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.NarrowWithSaturation(first.AsInt32(), second.AsInt32()).AsByte();
    }

    private readonly struct PackUnsignedWords : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.Narrow(Clamp(first.AsInt16()).AsUInt16(), Clamp(second.AsInt16()).AsUInt16());

        private static Vector128<short> Clamp(Vector128<short> value)
            => Vector128.Min(Vector128.Max(value, Vector128<short>.Zero), Vector128.Create((short)byte.MaxValue));
    }

    private readonly struct PackUnsignedDoublewords : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.Narrow(Clamp(first.AsInt32()).AsUInt32(), Clamp(second.AsInt32()).AsUInt32()).AsByte();

        private static Vector128<int> Clamp(Vector128<int> value)
            => Vector128.Min(Vector128.Max(value, Vector128<int>.Zero), Vector128.Create((int)ushort.MaxValue));
    }

    // Interleaving is a table look-up on each source: lane i of the result comes from lane i / 2.
    private readonly struct UnpackLow<T> : IPackedOperation
        where T : unmanaged
    {
        public static Bytes Apply(Bytes first, Bytes second) => Interleave<T>(first, second, fromByte: 0);
    }

    private readonly struct UnpackHigh<T> : IPackedOperation
        where T : unmanaged
    {
        public static MmxForm Mmx => MmxForm.High;

        public static Bytes Apply(Bytes first, Bytes second) => Interleave<T>(first, second, fromByte: 8);
    }

    // A count of the lane's width or more leaves nothing: the hardware does not cut the count.
    private readonly struct ShiftLeft<T> : IPackedOperation
        where T : unmanaged
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Count(second) < (ulong)Widths.Bits<T>() ? (first.As<byte, T>() << (int)Count(second)).AsByte() : Bytes.Zero;
    }

    private readonly struct ShiftRight<T> : IPackedOperation
        where T : unmanaged
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Count(second) < (ulong)Widths.Bits<T>() ? (first.As<byte, T>() >>> (int)Count(second)).AsByte() : Bytes.Zero;
    }

    private readonly struct ShiftRightArithmetic<T> : IPackedOperation
        where T : unmanaged
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => (first.As<byte, T>() >> (int)Math.Min(Count(second), (ulong)Widths.Bits<T>() - 1)).AsByte();
    }

    private readonly struct ShiftBytesLeft : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.Shuffle(first, Bytes.Indices - Vector128.Create((byte)Math.Min(Count(second), 16)));
    }

    private readonly struct ShiftBytesRight : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.Shuffle(first, Bytes.Indices + Vector128.Create((byte)Math.Min(Count(second), 16)));
    }

    private readonly struct ShuffleBytes : IPackedOperation
    {
        // An index with bit 7 set is out of range for the look-up too, and gives 0.
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.Shuffle(first, second & Vector128.Create((byte)0x8F));
    }

    private readonly struct ShuffleDoublewords : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
            => Vector128.Shuffle(second.AsUInt32(), Vector128.Create(Field(immediate, 0), Field(immediate, 1), Field(immediate, 2), Field(immediate, 3)))
                .AsByte();
    }

    private readonly struct ShuffleLowWords : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
            => Vector128.Shuffle(second.AsUInt16(), Vector128.Create(
                (ushort)Field(immediate, 0), (ushort)Field(immediate, 1), (ushort)Field(immediate, 2), (ushort)Field(immediate, 3), 4, 5, 6, 7))
                .AsByte();
    }

    private readonly struct ShuffleHighWords : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
            => Vector128.Shuffle(second.AsUInt16(), Vector128.Create(
                0, 1, 2, 3, (ushort)(4 + Field(immediate, 0)), (ushort)(4 + Field(immediate, 1)), (ushort)(4 + Field(immediate, 2)), (ushort)(4 + Field(immediate, 3))))
                .AsByte();
    }

    private readonly struct ShuffleSingles : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
            => Vector128.Create(
                first.AsUInt32().GetElement((int)Field(immediate, 0)),
                first.AsUInt32().GetElement((int)Field(immediate, 1)),
                second.AsUInt32().GetElement((int)Field(immediate, 2)),
                second.AsUInt32().GetElement((int)Field(immediate, 3))).AsByte();
    }

    private readonly struct ShuffleDoubles : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
            => Vector128.Create(
                first.AsUInt64().GetElement(immediate & 1),
                second.AsUInt64().GetElement((immediate >> 1) & 1)).AsByte();
    }

    /// <summary>PALIGNR: bytes from destination:source, from byte imm8 on. Its MMX form joins 8-byte operands.</summary>
    private readonly unsafe struct AlignRight : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => instruction.Op0Register.IsMM()
                ? PackedImmediate<Joined8>.Execute(cpu, state, in instruction)
                : PackedImmediate<Joined16>.Execute(cpu, state, in instruction);
    }

    private readonly struct Joined16 : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            Bytes count = Vector128.Create((byte)Math.Min(immediate, (byte)32));

            // Indices that wrap below 0 or reach 16 select nothing.
            return Vector128.Shuffle(second, Bytes.Indices + count) | Vector128.Shuffle(first, Bytes.Indices + count - Vector128.Create((byte)16));
        }
    }

    private readonly struct Joined8 : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            Bytes joined = Vector128.Create(second.AsUInt64().ToScalar(), first.AsUInt64().ToScalar()).AsByte();
            return Vector128.Shuffle(joined, Bytes.Indices + Vector128.Create((byte)Math.Min(immediate, (byte)16)));
        }
    }

    private static ulong Count(Bytes source) => source.AsUInt64().ToScalar();

    private static uint Field(byte immediate, int index) => (uint)(immediate >> (2 * index)) & 3;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bytes Interleave<T>(Bytes first, Bytes second, byte fromByte)
        where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        Bytes lane = Bytes.Indices;
        Bytes within = lane & Vector128.Create((byte)(size - 1));
        Bytes position = ((lane & Vector128.Create((byte)(0x100 - (2 * size)))) >>> 1) + within + Vector128.Create(fromByte);
        Bytes fromSecond = Vector128.Equals(lane & Vector128.Create((byte)size), Vector128.Create((byte)size));
        return Vector128.ConditionalSelect(fromSecond, Vector128.Shuffle(second, position), Vector128.Shuffle(first, position));
    }
}
