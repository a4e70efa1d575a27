using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>SDM Vol. 1, "AESNI and PCLMULQDQ"; CRC32 and POPCNT of SSE4.2.</summary>
internal static unsafe class SseCryptography
{

    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Packed<Encrypt>>(Mnemonic.Aesenc),
        InstructionRow.Of<Packed<EncryptLast>>(Mnemonic.Aesenclast),
        InstructionRow.Of<Packed<Decrypt>>(Mnemonic.Aesdec),
        InstructionRow.Of<Packed<DecryptLast>>(Mnemonic.Aesdeclast),
        InstructionRow.Of<Packed<InverseMix>>(Mnemonic.Aesimc),
        InstructionRow.Of<PackedImmediate<KeyGeneration>>(Mnemonic.Aeskeygenassist),
        InstructionRow.Of<PackedImmediate<CarryLessMultiply>>(Mnemonic.Pclmulqdq),
        InstructionRow.Of<Crc32>(Mnemonic.Crc32),
        InstructionRow.Of<PopulationCount>(Mnemonic.Popcnt),
    ];

    private static readonly byte[] SBox = MakeSBox();
    private static readonly byte[] InverseSBox = Inverted(SBox);

    private readonly struct Encrypt : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => MixColumns(Substitute(ShiftRows(first, 5), SBox)) ^ second;
    }

    private readonly struct EncryptLast : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Substitute(ShiftRows(first, 5), SBox) ^ second;
    }

    private readonly struct Decrypt : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => InverseMixColumns(Substitute(ShiftRows(first, 13), InverseSBox)) ^ second;
    }

    private readonly struct DecryptLast : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Substitute(ShiftRows(first, 13), InverseSBox) ^ second;
    }

    private readonly struct InverseMix : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => InverseMixColumns(second);
    }

    /// <summary>SDM Vol. 2, "AESKEYGENASSIST—AES Round Key Generation Assist".</summary>
    private readonly struct KeyGeneration : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            Vector128<uint> words = Substitute(second, SBox).AsUInt32();
            uint low = words.GetElement(1);
            uint high = words.GetElement(3);
            return Vector128.Create(low, BitOperations.RotateRight(low, 8) ^ immediate, high, BitOperations.RotateRight(high, 8) ^ immediate).AsByte();
        }
    }

    /// <summary>SDM Vol. 2, "PCLMULQDQ—Carry-Less Multiplication Quadword".</summary>
    private readonly struct CarryLessMultiply : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            ulong left = first.AsUInt64().GetElement(immediate & 1);
            ulong right = second.AsUInt64().GetElement((immediate >> 4) & 1);
            ulong low = 0;
            ulong high = 0;
            for (; right != 0; right &= right - 1)
            {
                int bit = BitOperations.TrailingZeroCount(right);
                low ^= left << bit;
                high ^= bit == 0 ? 0 : left >> (64 - bit);
            }

            return Vector128.Create(low, high).AsByte();
        }
    }

    /// <summary>SDM Vol. 2, "CRC32—Accumulate CRC32 Value".</summary>
    private readonly struct Crc32 : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperand(in instruction, 1, out ulong source)) return false;
            int size = instruction.Op1Kind == OpKind.Memory ? instruction.MemorySize.GetSize() : instruction.Op1Register.GetSize();
            uint crc = (uint)cpu.ReadRegister(instruction.Op0Register);
            cpu.WriteRegister(instruction.Op0Register, Accumulate(crc, source, size));
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "POPCNT—Return the Count of Number of Bits Set to 1": ZF for a zero source, all others 0.</summary>
    private readonly struct PopulationCount : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperand(in instruction, 1, out ulong source)) return false;
            cpu.WriteRegister(instruction.Op0Register, (ulong)BitOperations.PopCount(source));
            state->Flags = LazyFlags.FromRflags(source == 0 ? Rflags.ZF : Rflags.None);
            return true;
        }
    }

    /// <summary>CRC-32C of 1 to 8 bytes.</summary>
    internal static uint Accumulate(uint crc, ulong source, int size) => size switch
    {
        1 => BitOperations.Crc32C(crc, (byte)source),
        2 => BitOperations.Crc32C(crc, (ushort)source),
        4 => BitOperations.Crc32C(crc, (uint)source),
        _ => BitOperations.Crc32C(crc, source),
    };

    /// <summary>Byte i comes from byte i * stride: 5 rotates rows left, 13 right.</summary>
    private static Bytes ShiftRows(Bytes value, byte stride)
        => Vector128.Shuffle(value, (Bytes.Indices * stride) & Vector128.Create((byte)15));

    private static Bytes Substitute(Bytes value, byte[] box)
    {
        byte* bytes = (byte*)&value;
        for (int index = 0; index < Bytes.Count; index++) bytes[index] = box[bytes[index]];
        return value;
    }

    private static Bytes MixColumns(Bytes value)
    {
        // Row r: 2 a(r) + 3 a(r+1) + a(r+2) + a(r+3).
        Bytes next = RotateColumns(value, 1);
        return Double(value ^ next) ^ next ^ RotateColumns(value, 2) ^ RotateColumns(value, 3);
    }

    private static Bytes InverseMixColumns(Bytes value)
    {
        // The inverse matrix is the forward one times (4 a(r) + 4 a(r+2) added first).
        Bytes correction = Double(Double(value ^ RotateColumns(value, 2)));
        return MixColumns(value ^ correction);
    }

    private static Bytes RotateColumns(Bytes value, byte rows)
    {
        Bytes lane = Bytes.Indices;
        Bytes row = (lane + Vector128.Create(rows)) & Vector128.Create((byte)3);
        return Vector128.Shuffle(value, (lane & Vector128.Create((byte)12)) | row);
    }

    private static Bytes Double(Bytes value)
    {
        Bytes reduced = Vector128.LessThan(value.AsSByte(), Vector128<sbyte>.Zero).AsByte() & Vector128.Create((byte)0x1B);
        return (value + value) ^ reduced;
    }

    /// <summary>FIPS 197, "SubBytes": the inverse in GF(2^8), then an affine map.</summary>
    private static byte[] MakeSBox()
    {
        byte[] box = new byte[256];
        byte power = 1;
        byte inverse = 1;
        do
        {
            // 3 generates the field; its inverse, F6H, walks the other way.
            power = (byte)(power ^ (power << 1) ^ ((power & 0x80) != 0 ? 0x1B : 0));
            inverse ^= (byte)(inverse << 1);
            inverse ^= (byte)(inverse << 2);
            inverse ^= (byte)(inverse << 4);
            if ((inverse & 0x80) != 0) inverse ^= 0x09;
            box[power] = (byte)(inverse ^ Rotate(inverse, 1) ^ Rotate(inverse, 2) ^ Rotate(inverse, 3) ^ Rotate(inverse, 4) ^ 0x63);
        }
        while (power != 1);
        box[0] = 0x63;
        return box;
    }

    private static byte Rotate(byte value, int count) => (byte)((value << count) | (value >> (8 - count)));

    private static byte[] Inverted(byte[] box)
    {
        byte[] inverse = new byte[256];
        for (int index = 0; index < box.Length; index++) inverse[box[index]] = (byte)index;
        return inverse;
    }
}
