using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>SDM Vol. 1, "Packed Integer Format Conversions", "Packed Blending Instructions", "Packed Test" (SSE4.1).</summary>
internal static unsafe class Sse41
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Packed<Extend<sbyte, short>>>(Mnemonic.Pmovsxbw),
        InstructionRow.Of<Packed<Extend<sbyte, int>>>(Mnemonic.Pmovsxbd),
        InstructionRow.Of<Packed<Extend<sbyte, long>>>(Mnemonic.Pmovsxbq),
        InstructionRow.Of<Packed<Extend<short, int>>>(Mnemonic.Pmovsxwd),
        InstructionRow.Of<Packed<Extend<short, long>>>(Mnemonic.Pmovsxwq),
        InstructionRow.Of<Packed<Extend<int, long>>>(Mnemonic.Pmovsxdq),
        InstructionRow.Of<Packed<Extend<byte, ushort>>>(Mnemonic.Pmovzxbw),
        InstructionRow.Of<Packed<Extend<byte, uint>>>(Mnemonic.Pmovzxbd),
        InstructionRow.Of<Packed<Extend<byte, ulong>>>(Mnemonic.Pmovzxbq),
        InstructionRow.Of<Packed<Extend<ushort, uint>>>(Mnemonic.Pmovzxwd),
        InstructionRow.Of<Packed<Extend<ushort, ulong>>>(Mnemonic.Pmovzxwq),
        InstructionRow.Of<Packed<Extend<uint, ulong>>>(Mnemonic.Pmovzxdq),
        InstructionRow.Of<PackedImmediate<BlendWords>>(Mnemonic.Pblendw),
        InstructionRow.Of<PackedImmediate<BlendSingles>>(Mnemonic.Blendps),
        InstructionRow.Of<PackedImmediate<BlendDoubles>>(Mnemonic.Blendpd),
        InstructionRow.Of<BlendByMask<sbyte>>(Mnemonic.Pblendvb),
        InstructionRow.Of<BlendByMask<int>>(Mnemonic.Blendvps),
        InstructionRow.Of<BlendByMask<long>>(Mnemonic.Blendvpd),
        InstructionRow.Of<Test>(Mnemonic.Ptest),
    ];

    private readonly struct Extend<TFrom, TTo> : IPackedOperation
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        public static Bytes Apply(Bytes first, Bytes second)
        {
            Vector128<TTo> result = default;
            bool isSigned = typeof(TFrom) == typeof(sbyte) || typeof(TFrom) == typeof(short) || typeof(TFrom) == typeof(int);
            for (int index = 0; index < Vector128<TTo>.Count; index++)
            {
                TFrom element = second.As<byte, TFrom>().GetElement(index);
                ulong wide = isSigned ? Widths.SignExtend(element) : Widths.ZeroExtend(element);
                result = result.WithElement(index, Widths.Truncate<TTo>(wide));
            }

            return result.AsByte();
        }
    }

    private readonly struct BlendWords : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            Vector128<ushort> bit = Vector128.Create((ushort)1, 2, 4, 8, 16, 32, 64, 128);
            Bytes mask = Vector128.Equals(Vector128.Create((ushort)immediate) & bit, bit).AsByte();
            return Vector128.ConditionalSelect(mask, second, first);
        }
    }

    private readonly struct BlendSingles : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            Vector128<uint> bit = Vector128.Create(1u, 2u, 4u, 8u);
            Bytes mask = Vector128.Equals(Vector128.Create((uint)immediate) & bit, bit).AsByte();
            return Vector128.ConditionalSelect(mask, second, first);
        }
    }

    private readonly struct BlendDoubles : IPackedImmediateOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate)
        {
            Vector128<ulong> bit = Vector128.Create(1UL, 2UL);
            Bytes mask = Vector128.Equals(Vector128.Create((ulong)immediate) & bit, bit).AsByte();
            return Vector128.ConditionalSelect(mask, second, first);
        }
    }

    /// <summary>PBLENDVB, BLENDVPS, BLENDVPD: the sign bits of XMM0 select.</summary>
    private readonly struct BlendByMask<T> : IInstruction
        where T : unmanaged
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Required, out Bytes source)) return false;
            Vector128<T> selector = SseOperands.Xmm(state, Register.XMM0)->As<byte, T>();
            Bytes mask = Vector128.LessThan(selector, Vector128<T>.Zero).AsByte();
            Bytes* place = SseOperands.Xmm(state, instruction.Op0Register);
            *place = Vector128.ConditionalSelect(mask, source, *place);
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "PTEST—Logical Compare".</summary>
    private readonly struct Test : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Required, out Bytes source)) return false;
            Bytes first = *SseOperands.Xmm(state, instruction.Op0Register);
            Rflags flags = Rflags.None;
            if ((first & source) == Bytes.Zero) flags |= Rflags.ZF;
            if ((~first & source) == Bytes.Zero) flags |= Rflags.CF;
            state->Flags = LazyFlags.FromRflags(flags);
            return true;
        }
    }
}
