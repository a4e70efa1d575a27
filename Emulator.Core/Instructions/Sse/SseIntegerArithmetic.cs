using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>SDM Vol. 1, "MMX Packed Arithmetic Instructions", "SSE2 128-Bit SIMD Integer Instructions".</summary>
internal static class SseIntegerArithmetic
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Packed<Add<byte>>>(Mnemonic.Paddb),
        InstructionRow.Of<Packed<Add<ushort>>>(Mnemonic.Paddw),
        InstructionRow.Of<Packed<Add<uint>>>(Mnemonic.Paddd),
        InstructionRow.Of<Packed<Add<ulong>>>(Mnemonic.Paddq),
        InstructionRow.Of<Packed<AddSaturate<sbyte>>>(Mnemonic.Paddsb),
        InstructionRow.Of<Packed<AddSaturate<short>>>(Mnemonic.Paddsw),
        InstructionRow.Of<Packed<AddSaturate<byte>>>(Mnemonic.Paddusb),
        InstructionRow.Of<Packed<AddSaturate<ushort>>>(Mnemonic.Paddusw),
        InstructionRow.Of<Packed<Subtract<byte>>>(Mnemonic.Psubb),
        InstructionRow.Of<Packed<Subtract<ushort>>>(Mnemonic.Psubw),
        InstructionRow.Of<Packed<Subtract<uint>>>(Mnemonic.Psubd),
        InstructionRow.Of<Packed<Subtract<ulong>>>(Mnemonic.Psubq),
        InstructionRow.Of<Packed<SubtractSaturate<sbyte>>>(Mnemonic.Psubsb),
        InstructionRow.Of<Packed<SubtractSaturate<short>>>(Mnemonic.Psubsw),
        InstructionRow.Of<Packed<SubtractSaturate<byte>>>(Mnemonic.Psubusb),
        InstructionRow.Of<Packed<SubtractSaturate<ushort>>>(Mnemonic.Psubusw),
        InstructionRow.Of<Packed<Minimum<byte>>>(Mnemonic.Pminub),
        InstructionRow.Of<Packed<Minimum<short>>>(Mnemonic.Pminsw),
        InstructionRow.Of<Packed<Minimum<sbyte>>>(Mnemonic.Pminsb),
        InstructionRow.Of<Packed<Minimum<ushort>>>(Mnemonic.Pminuw),
        InstructionRow.Of<Packed<Minimum<int>>>(Mnemonic.Pminsd),
        InstructionRow.Of<Packed<Minimum<uint>>>(Mnemonic.Pminud),
        InstructionRow.Of<Packed<Maximum<byte>>>(Mnemonic.Pmaxub),
        InstructionRow.Of<Packed<Maximum<short>>>(Mnemonic.Pmaxsw),
        InstructionRow.Of<Packed<Maximum<sbyte>>>(Mnemonic.Pmaxsb),
        InstructionRow.Of<Packed<Maximum<ushort>>>(Mnemonic.Pmaxuw),
        InstructionRow.Of<Packed<Maximum<int>>>(Mnemonic.Pmaxsd),
        InstructionRow.Of<Packed<Maximum<uint>>>(Mnemonic.Pmaxud),
        InstructionRow.Of<Packed<AverageBytes>>(Mnemonic.Pavgb),
        InstructionRow.Of<Packed<AverageWords>>(Mnemonic.Pavgw),
        InstructionRow.Of<Packed<Multiply<ushort>>>(Mnemonic.Pmullw),
        InstructionRow.Of<Packed<Multiply<uint>>>(Mnemonic.Pmulld),
        InstructionRow.Of<Packed<MultiplyHighSigned>>(Mnemonic.Pmulhw),
        InstructionRow.Of<Packed<MultiplyHighUnsigned>>(Mnemonic.Pmulhuw),
        InstructionRow.Of<Packed<MultiplyHighRounded>>(Mnemonic.Pmulhrsw),
        InstructionRow.Of<Packed<MultiplyEvenUnsigned>>(Mnemonic.Pmuludq),
        InstructionRow.Of<Packed<MultiplyEvenSigned>>(Mnemonic.Pmuldq),
        InstructionRow.Of<Packed<MultiplyAddWords>>(Mnemonic.Pmaddwd),
        InstructionRow.Of<Packed<MultiplyAddBytes>>(Mnemonic.Pmaddubsw),
        InstructionRow.Of<Packed<SumOfAbsoluteDifferences>>(Mnemonic.Psadbw),
        InstructionRow.Of<Packed<Absolute<sbyte>>>(Mnemonic.Pabsb),
        InstructionRow.Of<Packed<Absolute<short>>>(Mnemonic.Pabsw),
        InstructionRow.Of<Packed<Absolute<int>>>(Mnemonic.Pabsd),
        InstructionRow.Of<Packed<Sign<sbyte>>>(Mnemonic.Psignb),
        InstructionRow.Of<Packed<Sign<short>>>(Mnemonic.Psignw),
        InstructionRow.Of<Packed<Sign<int>>>(Mnemonic.Psignd),
        InstructionRow.Of<Packed<EqualTo<byte>>>(Mnemonic.Pcmpeqb),
        InstructionRow.Of<Packed<EqualTo<ushort>>>(Mnemonic.Pcmpeqw),
        InstructionRow.Of<Packed<EqualTo<uint>>>(Mnemonic.Pcmpeqd),
        InstructionRow.Of<Packed<EqualTo<ulong>>>(Mnemonic.Pcmpeqq),
        InstructionRow.Of<Packed<GreaterThan<sbyte>>>(Mnemonic.Pcmpgtb),
        InstructionRow.Of<Packed<GreaterThan<short>>>(Mnemonic.Pcmpgtw),
        InstructionRow.Of<Packed<GreaterThan<int>>>(Mnemonic.Pcmpgtd),
        InstructionRow.Of<Packed<GreaterThan<long>>>(Mnemonic.Pcmpgtq),
        InstructionRow.Of<Packed<And>>(Mnemonic.Pand),
        InstructionRow.Of<Packed<And>>(Mnemonic.Andps),
        InstructionRow.Of<Packed<And>>(Mnemonic.Andpd),
        InstructionRow.Of<Packed<NotAnd>>(Mnemonic.Pandn),
        InstructionRow.Of<Packed<NotAnd>>(Mnemonic.Andnps),
        InstructionRow.Of<Packed<NotAnd>>(Mnemonic.Andnpd),
        InstructionRow.Of<Packed<Or>>(Mnemonic.Por),
        InstructionRow.Of<Packed<Or>>(Mnemonic.Orps),
        InstructionRow.Of<Packed<Or>>(Mnemonic.Orpd),
        InstructionRow.Of<Packed<Xor>>(Mnemonic.Pxor),
        InstructionRow.Of<Packed<Xor>>(Mnemonic.Xorps),
        InstructionRow.Of<Packed<Xor>>(Mnemonic.Xorpd),
    ];

    private readonly struct Add<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => (first.As<byte, T>() + second.As<byte, T>()).AsByte();
    }

    private readonly struct Subtract<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => (first.As<byte, T>() - second.As<byte, T>()).AsByte();
    }

    private readonly struct AddSaturate<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.AddSaturate(first.As<byte, T>(), second.As<byte, T>()).AsByte();
    }

    private readonly struct SubtractSaturate<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => Vector128.SubtractSaturate(first.As<byte, T>(), second.As<byte, T>()).AsByte();
    }

    private readonly struct Minimum<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.Min(first.As<byte, T>(), second.As<byte, T>()).AsByte();
    }

    private readonly struct Maximum<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.Max(first.As<byte, T>(), second.As<byte, T>()).AsByte();
    }

    // The average rounds up: (a + b + 1) / 2 without a ninth bit is (a | b) - ((a ^ b) >> 1).
    private readonly struct AverageBytes : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => (first | second) - ((first ^ second) >>> 1);
    }

    private readonly struct AverageWords : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => ((first | second).AsUInt16() - ((first ^ second).AsUInt16() >>> 1)).AsByte();
    }

    private readonly struct Multiply<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => (first.As<byte, T>() * second.As<byte, T>()).AsByte();
    }

    private readonly struct MultiplyHighSigned : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<int> low, Vector128<int> high) = Products(first, second);
            return Vector128.Narrow(low >> 16, high >> 16).AsByte();
        }
    }

    private readonly struct MultiplyHighUnsigned : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<uint> firstLow, Vector128<uint> firstHigh) = Vector128.Widen(first.AsUInt16());
            (Vector128<uint> secondLow, Vector128<uint> secondHigh) = Vector128.Widen(second.AsUInt16());
            return Vector128.Narrow((firstLow * secondLow) >>> 16, (firstHigh * secondHigh) >>> 16).AsByte();
        }
    }

    private readonly struct MultiplyHighRounded : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            (Vector128<int> low, Vector128<int> high) = Products(first, second);
            Vector128<int> one = Vector128<int>.One;
            return Vector128.Narrow(((low >> 14) + one) >> 1, ((high >> 14) + one) >> 1).AsByte();
        }
    }

    private readonly struct MultiplyEvenUnsigned : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            Vector128<ulong> low = Vector128.Create(0xFFFF_FFFFUL);
            return ((first.AsUInt64() & low) * (second.AsUInt64() & low)).AsByte();
        }
    }

    private readonly struct MultiplyEvenSigned : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
            => (((first.AsInt64() << 32) >> 32) * ((second.AsInt64() << 32) >> 32)).AsByte();
    }

    private readonly struct MultiplyAddWords : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            Vector128<int> even = ((first.AsInt32() << 16) >> 16) * ((second.AsInt32() << 16) >> 16);
            Vector128<int> odd = (first.AsInt32() >> 16) * (second.AsInt32() >> 16);
            return (even + odd).AsByte();
        }
    }

    private readonly struct MultiplyAddBytes : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            // Unsigned bytes of the destination with signed bytes of the source; each product fits 16 bits.
            Vector128<short> even = (first.AsUInt16() & Vector128.Create((ushort)0xFF)).AsInt16() * ((second.AsInt16() << 8) >> 8);
            Vector128<short> odd = (first.AsUInt16() >>> 8).AsInt16() * (second.AsInt16() >> 8);
            return Vector128.AddSaturate(even, odd).AsByte();
        }
    }

    private readonly struct SumOfAbsoluteDifferences : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            Bytes difference = Vector128.Max(first, second) - Vector128.Min(first, second);
            return Vector128.Create((ulong)SumOf(difference.GetLower()), SumOf(difference.GetUpper())).AsByte();
        }

        private static ushort SumOf(Vector64<byte> values)
        {
            (Vector64<ushort> low, Vector64<ushort> high) = Vector64.Widen(values);
            return Vector64.Sum(low + high);
        }
    }

    private readonly struct Absolute<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            Vector128<T> value = second.As<byte, T>();
            return Vector128.ConditionalSelect(Vector128.LessThan(value, Vector128<T>.Zero), -value, value).AsByte();
        }
    }

    private readonly struct Sign<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            Vector128<T> value = first.As<byte, T>();
            Vector128<T> sign = second.As<byte, T>();
            Vector128<T> signed = Vector128.ConditionalSelect(Vector128.LessThan(sign, Vector128<T>.Zero), -value, value);
            return Vector128.AndNot(signed, Vector128.Equals(sign, Vector128<T>.Zero)).AsByte();
        }
    }

    private readonly struct EqualTo<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.Equals(first.As<byte, T>(), second.As<byte, T>()).AsByte();
    }

    private readonly struct GreaterThan<T> : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => Vector128.GreaterThan(first.As<byte, T>(), second.As<byte, T>()).AsByte();
    }

    private readonly struct And : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => first & second;
    }

    private readonly struct NotAnd : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => ~first & second;
    }

    private readonly struct Or : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => first | second;
    }

    private readonly struct Xor : IPackedOperation
    {
        public static Bytes Apply(Bytes first, Bytes second) => first ^ second;
    }

    private static (Vector128<int> Low, Vector128<int> High) Products(Bytes first, Bytes second)
    {
        (Vector128<int> firstLow, Vector128<int> firstHigh) = Vector128.Widen(first.AsInt16());
        (Vector128<int> secondLow, Vector128<int> secondHigh) = Vector128.Widen(second.AsInt16());
        return (firstLow * secondLow, firstHigh * secondHigh);
    }
}
