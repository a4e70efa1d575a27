using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>SDM Vol. 1, "SSE3 Horizontal Addition/Subtraction", "SSSE3 Horizontal Addition/Subtraction", "Dot Product Instructions".</summary>
internal static class SseHorizontal
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Float<PairsOfSingles<SseFloatArithmetic.Add>>>(Mnemonic.Haddps),
        InstructionRow.Of<Float<PairsOfSingles<SseFloatArithmetic.Subtract>>>(Mnemonic.Hsubps),
        InstructionRow.Of<Float<PairsOfDoubles<SseFloatArithmetic.Add>>>(Mnemonic.Haddpd),
        InstructionRow.Of<Float<PairsOfDoubles<SseFloatArithmetic.Subtract>>>(Mnemonic.Hsubpd),
        InstructionRow.Of<Float<AlternateSingles>>(Mnemonic.Addsubps),
        InstructionRow.Of<Float<AlternateDoubles>>(Mnemonic.Addsubpd),
        InstructionRow.Of<Float<DotProductOfSingles>>(Mnemonic.Dpps),
        InstructionRow.Of<Float<DotProductOfDoubles>>(Mnemonic.Dppd),
        InstructionRow.Of<Packed<AddWords>>(Mnemonic.Phaddw),
        InstructionRow.Of<Packed<AddDoublewords>>(Mnemonic.Phaddd),
        InstructionRow.Of<Packed<AddWordsSaturated>>(Mnemonic.Phaddsw),
        InstructionRow.Of<Packed<SubtractWords>>(Mnemonic.Phsubw),
        InstructionRow.Of<Packed<SubtractDoublewords>>(Mnemonic.Phsubd),
        InstructionRow.Of<Packed<SubtractWordsSaturated>>(Mnemonic.Phsubsw),
        InstructionRow.Of<Packed<MinimumPosition>>(Mnemonic.Phminposuw),
        InstructionRow.Of<PackedImmediate<MultipleSums>>(Mnemonic.Mpsadbw),
    ];

    private readonly struct PairsOfSingles<TElement> : IFloatOperation
        where TElement : IElementOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            (Vector128<uint> even, Vector128<uint> odd) = Pairs(first.AsUInt32(), second.AsUInt32());
            return PackedSingle<TElement>.Apply(even.AsByte(), odd.AsByte(), 0, ref environment);
        }
    }

    private readonly struct PairsOfDoubles<TElement> : IFloatOperation
        where TElement : IElementOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            Bytes even = Vector128.Create(first.GetLower(), second.GetLower());
            Bytes odd = Vector128.Create(first.GetUpper(), second.GetUpper());
            return PackedDouble<TElement>.Apply(even, odd, 0, ref environment);
        }
    }

    private readonly struct AlternateSingles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            Span<uint> result = stackalloc uint[4];
            for (int index = 0; index < result.Length; index++)
            {
                uint a = first.AsUInt32().GetElement(index);
                uint b = second.AsUInt32().GetElement(index);
                result[index] = (index & 1) == 0
                    ? Element.Single<SseFloatArithmetic.Subtract>(a, b, 0, ref environment)
                    : Element.Single<SseFloatArithmetic.Add>(a, b, 0, ref environment);
            }

            return Vector128.Create<uint>(result).AsByte();
        }
    }

    private readonly struct AlternateDoubles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
            => Vector128.Create(
                Element.Double<SseFloatArithmetic.Subtract>(first.AsUInt64().GetElement(0), second.AsUInt64().GetElement(0), 0, ref environment),
                Element.Double<SseFloatArithmetic.Add>(first.AsUInt64().GetElement(1), second.AsUInt64().GetElement(1), 0, ref environment)).AsByte();
    }

    /// <summary>DPPS: products that imm8[7:4] selects, added in pairs, to the elements that imm8[3:0] selects.</summary>
    private readonly struct DotProductOfSingles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            Span<uint> products = stackalloc uint[4];
            for (int index = 0; index < products.Length; index++)
            {
                bool selected = (immediate & (0x10 << index)) != 0;
                products[index] = selected
                    ? (uint)SseScalar<Binary32>.Multiply(first.AsUInt32().GetElement(index), second.AsUInt32().GetElement(index), ref environment)
                    : 0;
            }

            ulong low = SseScalar<Binary32>.Add(products[0], products[1], ref environment);
            ulong high = SseScalar<Binary32>.Add(products[2], products[3], ref environment);
            uint sum = (uint)SseScalar<Binary32>.Add(low, high, ref environment);
            Vector128<uint> bit = Vector128.Create(1u, 2u, 4u, 8u);
            return (Vector128.Equals(Vector128.Create((uint)immediate) & bit, bit) & Vector128.Create(sum)).AsByte();
        }
    }

    /// <summary>DPPD.</summary>
    private readonly struct DotProductOfDoubles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            ulong low = (immediate & 0x10) == 0
                ? 0
                : SseScalar<Binary64>.Multiply(first.AsUInt64().GetElement(0), second.AsUInt64().GetElement(0), ref environment);
            ulong high = (immediate & 0x20) == 0
                ? 0
                : SseScalar<Binary64>.Multiply(first.AsUInt64().GetElement(1), second.AsUInt64().GetElement(1), ref environment);
            ulong sum = SseScalar<Binary64>.Add(low, high, ref environment);
            return Vector128.Create((immediate & 1) != 0 ? sum : 0, (immediate & 2) != 0 ? sum : 0).AsByte();
        }
    }

    private readonly struct AddWords : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<short> even, Vector128<short> odd) = Pairs(first.AsInt16(), second.AsInt16());
            return (even + odd).AsByte();
        }
    }

    private readonly struct AddDoublewords : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<uint> even, Vector128<uint> odd) = Pairs(first.AsUInt32(), second.AsUInt32());
            return (even + odd).AsByte();
        }
    }

    private readonly struct AddWordsSaturated : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<short> even, Vector128<short> odd) = Pairs(first.AsInt16(), second.AsInt16());
            return Vector128.AddSaturate(even, odd).AsByte();
        }
    }

    private readonly struct SubtractWords : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<short> even, Vector128<short> odd) = Pairs(first.AsInt16(), second.AsInt16());
            return (even - odd).AsByte();
        }
    }

    private readonly struct SubtractDoublewords : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<uint> even, Vector128<uint> odd) = Pairs(first.AsUInt32(), second.AsUInt32());
            return (even - odd).AsByte();
        }
    }

    private readonly struct SubtractWordsSaturated : IPackedOperation
    {
        public static MmxForm Mmx => MmxForm.Concatenated;

        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<short> even, Vector128<short> odd) = Pairs(first.AsInt16(), second.AsInt16());
            return Vector128.SubtractSaturate(even, odd).AsByte();
        }
    }

    /// <summary>PHMINPOSUW: the first of the least words, and its index.</summary>
    private readonly struct MinimumPosition : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            Vector128<ushort> source = second.AsUInt16();
            int position = 0;
            for (int index = 1; index < Vector128<ushort>.Count; index++)
            {
                if (source.GetElement(index) < source.GetElement(position)) position = index;
            }

            return Vector128.CreateScalar(source.GetElement(position) | ((uint)position << 16)).AsByte();
        }
    }

    /// <summary>MPSADBW: eight sums of four absolute differences, at sliding offsets of the destination.</summary>
    private readonly struct MultipleSums : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            int source = 4 * (immediate & 3);
            int start = immediate & 4;
            Span<ushort> sums = stackalloc ushort[8];
            for (int index = 0; index < 32; index++)
            {
                int lane = index >> 2;
                int part = index & 3;
                sums[lane] += (ushort)Math.Abs(first.GetElement(start + lane + part) - second.GetElement(source + part));
            }

            return Vector128.Create<ushort>(sums).AsByte();
        }
    }

    private static (Vector128<uint> Even, Vector128<uint> Odd) Pairs(Vector128<uint> first, Vector128<uint> second)
        => (Vector128.Create(first.GetElement(0), first.GetElement(2), second.GetElement(0), second.GetElement(2)),
            Vector128.Create(first.GetElement(1), first.GetElement(3), second.GetElement(1), second.GetElement(3)));

    private static (Vector128<short> Even, Vector128<short> Odd) Pairs(Vector128<short> first, Vector128<short> second)
        => (Vector128.Narrow((first.AsInt32() << 16) >> 16, (second.AsInt32() << 16) >> 16),
            Vector128.Narrow(first.AsInt32() >> 16, second.AsInt32() >> 16));
}
