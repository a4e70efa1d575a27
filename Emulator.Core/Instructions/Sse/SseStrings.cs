using System.Numerics;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. SDM Vol. 2, "Imm8 Control Byte Operation for PCMPESTRI...".</summary>
internal static unsafe class SseStrings
{
    private const int WordsBit = 1 << 0;
    private const int SignedBit = 1 << 1;
    private const int NegateBit = 1 << 4;
    private const int ValidOnlyBit = 1 << 5;
    private const int OutputBit = 1 << 6;

    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Compare<Explicit, ToIndex>>(Mnemonic.Pcmpestri),
        InstructionRow.Of<Compare<Explicit, ToIndex>>(Mnemonic.Pcmpestri64),
        InstructionRow.Of<Compare<Explicit, ToMask>>(Mnemonic.Pcmpestrm),
        InstructionRow.Of<Compare<Explicit, ToMask>>(Mnemonic.Pcmpestrm64),
        InstructionRow.Of<Compare<Implicit, ToIndex>>(Mnemonic.Pcmpistri),
        InstructionRow.Of<Compare<Implicit, ToMask>>(Mnemonic.Pcmpistrm),
    ];

    private interface IChoice
    {
        static abstract bool Value { get; }
    }

    private readonly struct Explicit : IChoice
    {
        public static bool Value => true;
    }

    private readonly struct Implicit : IChoice
    {
        public static bool Value => false;
    }

    private readonly struct ToIndex : IChoice
    {
        public static bool Value => true;
    }

    private readonly struct ToMask : IChoice
    {
        public static bool Value => false;
    }

    private readonly struct Compare<TLengths, TOutput> : IInstruction
        where TLengths : IChoice
        where TOutput : IChoice
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Any, out Bytes second)) return false;
            Bytes first = *SseOperands.Xmm(state, instruction.Op0Register);
            byte control = instruction.Immediate8;
            int count = (control & WordsBit) != 0 ? 8 : 16;
            bool wide = instruction.Mnemonic is Mnemonic.Pcmpestri64 or Mnemonic.Pcmpestrm64;
            int firstLength = TLengths.Value ? Explicitly(state->Gpr[0], wide, count) : Implicitly(first, control, count);
            int secondLength = TLengths.Value ? Explicitly(state->Gpr[2], wide, count) : Implicitly(second, control, count);
            uint result = Aggregate(first, firstLength, second, secondLength, control, count);
            if (TOutput.Value)
            {
                bool most = (control & OutputBit) != 0;
                state->Gpr[1] = result == 0 ? (uint)count : most ? (uint)BitOperations.Log2(result) : (uint)BitOperations.TrailingZeroCount(result);
            }
            else
            {
                *SseOperands.Xmm(state, Register.XMM0) = Mask(result, control);
            }

            Rflags flags = Rflags.None;
            if (result != 0) flags |= Rflags.CF;
            if (secondLength < count) flags |= Rflags.ZF;
            if (firstLength < count) flags |= Rflags.SF;
            if ((result & 1) != 0) flags |= Rflags.OF;
            state->Flags = LazyFlags.FromRflags(flags);
            return true;
        }
    }

    /// <summary>IntRes2: the comparison of all pairs, aggregated and given its polarity.</summary>
    internal static uint Aggregate(Bytes first, int firstLength, Bytes second, int secondLength, byte control, int count)
    {
        uint result = 0;
        for (int j = 0; j < count; j++)
        {
            bool holds = ((control >> 2) & 3) switch
            {
                0 => j < secondLength && EqualsAny(first, firstLength, second, j, control),
                1 => j < secondLength && IsInRanges(first, firstLength, second, j, control),
                2 => EqualsEach(first, firstLength, second, secondLength, j, control),
                _ => EqualsOrdered(first, firstLength, second, secondLength, j, control, count),
            };
            if (holds) result |= 1u << j;
        }

        if ((control & NegateBit) == 0) return result;
        uint flipped = (control & ValidOnlyBit) != 0 ? (1u << secondLength) - 1 : (1u << count) - 1;
        return result ^ flipped;
    }

    private static bool EqualsAny(Bytes first, int firstLength, Bytes second, int j, byte control)
    {
        for (int i = 0; i < firstLength; i++)
        {
            if (Character(first, i, control) == Character(second, j, control)) return true;
        }

        return false;
    }

    private static bool IsInRanges(Bytes first, int firstLength, Bytes second, int j, byte control)
    {
        int character = Character(second, j, control);
        for (int i = 0; i + 1 < firstLength; i += 2)
        {
            if (character >= Character(first, i, control) && character <= Character(first, i + 1, control)) return true;
        }

        return false;
    }

    private static bool EqualsEach(Bytes first, int firstLength, Bytes second, int secondLength, int j, byte control)
    {
        bool firstValid = j < firstLength;
        bool secondValid = j < secondLength;
        return firstValid && secondValid ? Character(first, j, control) == Character(second, j, control) : firstValid == secondValid;
    }

    private static bool EqualsOrdered(Bytes first, int firstLength, Bytes second, int secondLength, int j, byte control, int count)
    {
        // Past the vector's end there is nothing to disagree with; past the second string's end there is.
        for (int i = 0; i < firstLength && j + i < count; i++)
        {
            if (j + i >= secondLength || Character(first, i, control) != Character(second, j + i, control)) return false;
        }

        return true;
    }

    private static int Character(Bytes text, int index, byte control) => (control & (WordsBit | SignedBit)) switch
    {
        0 => text.GetElement(index),
        WordsBit => text.AsUInt16().GetElement(index),
        SignedBit => text.AsSByte().GetElement(index),
        _ => text.AsInt16().GetElement(index),
    };

    private static int Implicitly(Bytes text, byte control, int count)
    {
        int length = 0;
        while (length < count && Character(text, length, control) != 0) length++;
        return length;
    }

    private static int Explicitly(ulong register, bool wide, int count)
    {
        long length = wide ? (long)register : (int)register;
        ulong magnitude = length < 0 ? 0UL - (ulong)length : (ulong)length;
        return (int)Math.Min(magnitude, (ulong)count);
    }

    private static Bytes Mask(uint result, byte control)
    {
        if ((control & OutputBit) == 0) return Vector128.CreateScalar(result).AsByte();
        if ((control & WordsBit) != 0)
        {
            Vector128<ushort> words = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
            return Vector128.Equals(Vector128.Create((ushort)result) & words, words).AsByte();
        }

        Bytes bits = Vector128.Create((byte)1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128);
        Bytes spread = Vector128.Create(Vector64.Create((byte)result), Vector64.Create((byte)(result >> 8)));
        return Vector128.Equals(spread & bits, bits);
    }
}
