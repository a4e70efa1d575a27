using System.Numerics;
using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>Integer arithmetic and logic in every form that the specialised handlers do not take (LOCK, rare addressing).</summary>
internal static unsafe class IntegerInstructions
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        .. Binary.Select(static mnemonic => InstructionRow.Of<TwoOperands>(mnemonic, Ends.Nothing, LockRule.Allowed)),
        InstructionRow.Of<TwoOperands>(Mnemonic.Cmp),
        InstructionRow.Of<TwoOperands>(Mnemonic.Test),
        .. Unary.Select(static mnemonic => InstructionRow.Of<OneOperand>(mnemonic, Ends.Nothing, LockRule.Allowed)),
        .. Shifts.Select(static mnemonic => InstructionRow.Of<ShiftOrRotate>(mnemonic)),
        InstructionRow.Of<DoubleShift>(Mnemonic.Shld),
        InstructionRow.Of<DoubleShift>(Mnemonic.Shrd),
        InstructionRow.Of<Xadd>(Mnemonic.Xadd, Ends.Nothing, LockRule.Allowed),
        InstructionRow.Of<Cmpxchg>(Mnemonic.Cmpxchg, Ends.Nothing, LockRule.Allowed),
        InstructionRow.Of<Cmpxchg8b>(Mnemonic.Cmpxchg8b, Ends.Nothing, LockRule.Allowed),
        InstructionRow.Of<Cmpxchg16b>(Mnemonic.Cmpxchg16b, Ends.Nothing, LockRule.Allowed),
    ];

    private static IEnumerable<Mnemonic> Binary =>
        [Mnemonic.Add, Mnemonic.Adc, Mnemonic.Sub, Mnemonic.Sbb, Mnemonic.And, Mnemonic.Or, Mnemonic.Xor];

    private static IEnumerable<Mnemonic> Unary => [Mnemonic.Inc, Mnemonic.Dec, Mnemonic.Neg, Mnemonic.Not];

    private static IEnumerable<Mnemonic> Shifts =>
        [Mnemonic.Shl, Mnemonic.Sal, Mnemonic.Shr, Mnemonic.Sar, Mnemonic.Rol, Mnemonic.Ror, Mnemonic.Rcl, Mnemonic.Rcr];

    internal static int SizeOf(in Instruction instruction)
        => instruction.Op0Kind == OpKind.Register ? instruction.Op0Register.GetSize() : instruction.MemorySize.GetSize();

    private readonly struct TwoOperands : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            bool writes = instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test);
            bool read = writes ? cpu.TryReadOperandForWrite(in instruction, 0, out ulong left) : cpu.TryReadOperand(in instruction, 0, out left);
            if (!read || !cpu.TryReadOperand(in instruction, 1, out ulong right)) return false;
            LazyFlags flags;
            ulong result = SizeOf(in instruction) switch
            {
                1 => Compute(instruction.Mnemonic, (byte)left, (byte)right, state->Flags, out flags),
                2 => Compute(instruction.Mnemonic, (ushort)left, (ushort)right, state->Flags, out flags),
                4 => Compute(instruction.Mnemonic, (uint)left, (uint)right, state->Flags, out flags),
                _ => Compute(instruction.Mnemonic, left, right, state->Flags, out flags),
            };
            if (writes && !cpu.TryWriteOperand(in instruction, 0, result)) return false;
            state->Flags = flags;
            return true;
        }

        private static ulong Compute<T>(Mnemonic mnemonic, T left, T right, LazyFlags before, out LazyFlags flags)
            where T : unmanaged, IBinaryInteger<T>
            => Widths.ZeroExtend(mnemonic switch
            {
                Mnemonic.Add => Integer.Add(left, right, out flags),
                Mnemonic.Adc => Integer.Adc(left, right, before.CF, out flags),
                Mnemonic.Sub or Mnemonic.Cmp => Integer.Sub(left, right, out flags),
                Mnemonic.Sbb => Integer.Sbb(left, right, before.CF, out flags),
                Mnemonic.And or Mnemonic.Test => Integer.And(left, right, out flags),
                Mnemonic.Or => Integer.Or(left, right, out flags),
                _ => Integer.Xor(left, right, out flags),
            });
    }

    private readonly struct OneOperand : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperandForWrite(in instruction, 0, out ulong value)) return false;
            LazyFlags flags;
            ulong result = SizeOf(in instruction) switch
            {
                1 => Compute(instruction.Mnemonic, (byte)value, state->Flags, out flags),
                2 => Compute(instruction.Mnemonic, (ushort)value, state->Flags, out flags),
                4 => Compute(instruction.Mnemonic, (uint)value, state->Flags, out flags),
                _ => Compute(instruction.Mnemonic, value, state->Flags, out flags),
            };
            if (!cpu.TryWriteOperand(in instruction, 0, result)) return false;
            state->Flags = flags;
            return true;
        }

        private static ulong Compute<T>(Mnemonic mnemonic, T value, LazyFlags before, out LazyFlags flags)
            where T : unmanaged, IBinaryInteger<T>
        {
            flags = before;
            return Widths.ZeroExtend(mnemonic switch
            {
                Mnemonic.Inc => Integer.Inc(value, before, out flags),
                Mnemonic.Dec => Integer.Dec(value, before, out flags),
                Mnemonic.Neg => Integer.Neg(value, out flags),
                _ => ~value,
            });
        }
    }

    private readonly struct ShiftOrRotate : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int count = instruction.Op1Kind == OpKind.Register ? (byte)state->Gpr[1] : (byte)instruction.GetImmediate(1);
            if (!cpu.TryReadOperandForWrite(in instruction, 0, out ulong value)) return false;
            LazyFlags flags;
            ulong result = SizeOf(in instruction) switch
            {
                1 => Compute(instruction.Mnemonic, (byte)value, count, state->Flags, out flags),
                2 => Compute(instruction.Mnemonic, (ushort)value, count, state->Flags, out flags),
                4 => Compute(instruction.Mnemonic, (uint)value, count, state->Flags, out flags),
                _ => Compute(instruction.Mnemonic, value, count, state->Flags, out flags),
            };
            if (!cpu.TryWriteOperand(in instruction, 0, result)) return false;
            state->Flags = flags;
            return true;
        }

        private static ulong Compute<T>(Mnemonic mnemonic, T value, int count, LazyFlags before, out LazyFlags flags)
            where T : unmanaged, IBinaryInteger<T>
            => Widths.ZeroExtend(mnemonic switch
            {
                Mnemonic.Shl or Mnemonic.Sal => Integer.Shl(value, count, before, out flags),
                Mnemonic.Shr => Integer.Shr(value, count, before, out flags),
                Mnemonic.Sar => Integer.Sar(value, count, before, out flags),
                Mnemonic.Rol => Integer.Rol(value, count, before, out flags),
                Mnemonic.Ror => Integer.Ror(value, count, before, out flags),
                Mnemonic.Rcl => Integer.Rcl(value, count, before, out flags),
                _ => Integer.Rcr(value, count, before, out flags),
            });
    }

    private readonly struct DoubleShift : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int count = instruction.GetOpKind(2) == OpKind.Register ? (byte)state->Gpr[1] : (byte)instruction.GetImmediate(2);
            if (!cpu.TryReadOperandForWrite(in instruction, 0, out ulong value)) return false;
            ulong fill = cpu.ReadRegister(instruction.Op1Register);
            bool left = instruction.Mnemonic == Mnemonic.Shld;
            LazyFlags flags;
            ulong result = SizeOf(in instruction) switch
            {
                2 => Widths.ZeroExtend(Integer.DoubleShift((ushort)value, (ushort)fill, count, left, state->Flags, out flags)),
                4 => Widths.ZeroExtend(Integer.DoubleShift((uint)value, (uint)fill, count, left, state->Flags, out flags)),
                _ => Integer.DoubleShift(value, fill, count, left, state->Flags, out flags),
            };
            if (!cpu.TryWriteOperand(in instruction, 0, result)) return false;
            state->Flags = flags;
            return true;
        }
    }

    private static LazyFlags Compare(ulong left, ulong right, int size)
    {
        LazyFlags flags;
        switch (size)
        {
            case 1: Integer.Sub((byte)left, (byte)right, out flags); break;
            case 2: Integer.Sub((ushort)left, (ushort)right, out flags); break;
            case 4: Integer.Sub((uint)left, (uint)right, out flags); break;
            default: Integer.Sub(left, right, out flags); break;
        }

        return flags;
    }

    private readonly struct Xadd : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = SizeOf(in instruction);
            if (!cpu.TryReadOperandForWrite(in instruction, 0, out ulong left)) return false;
            ulong right = cpu.ReadRegister(instruction.Op1Register);
            LazyFlags flags;
            switch (size)
            {
                case 1: Integer.Add((byte)left, (byte)right, out flags); break;
                case 2: Integer.Add((ushort)left, (ushort)right, out flags); break;
                case 4: Integer.Add((uint)left, (uint)right, out flags); break;
                default: Integer.Add(left, right, out flags); break;
            }

            // The source register first: with both operands the same register the sum remains.
            if (instruction.Op0Kind == OpKind.Register)
            {
                cpu.WriteRegister(instruction.Op1Register, left);
                cpu.WriteRegister(instruction.Op0Register, left + right);
            }
            else
            {
                if (!cpu.TryWriteOperand(in instruction, 0, left + right)) return false;
                cpu.WriteRegister(instruction.Op1Register, left);
            }

            state->Flags = flags;
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "CMPXCHG—Compare and Exchange": memory is written in either case.</summary>
    private readonly struct Cmpxchg : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = SizeOf(in instruction);
            Register accumulator = size switch { 1 => Register.AL, 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX };
            if (!cpu.TryReadOperandForWrite(in instruction, 0, out ulong current)) return false;
            ulong expected = cpu.ReadRegister(accumulator);
            LazyFlags flags = Compare(expected, current, size);
            bool equal = flags.ZF;
            if (!equal && instruction.Op0Kind == OpKind.Register)
            {
                cpu.WriteRegister(accumulator, current);
            }
            else
            {
                ulong written = equal ? cpu.ReadRegister(instruction.Op1Register) : current;
                if (!cpu.TryWriteOperand(in instruction, 0, written)) return false;
                if (!equal) cpu.WriteRegister(accumulator, current);
            }

            state->Flags = flags;
            return true;
        }
    }

    private static void SetZero(ProcessorState* state, bool zero)
    {
        Rflags flags = state->Flags.ToRflags() & ~Rflags.ZF;
        state->Flags = LazyFlags.FromRflags(zero ? flags | Rflags.ZF : flags);
    }

    private readonly struct Cmpxchg8b : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            SegmentName segment = Processor.SegmentOf(in instruction);
            ulong at = cpu.EffectiveAddress(in instruction);
            if (!cpu.ProbeWrite(segment, at, 8) || !cpu.TryRead(segment, at, out ulong current)) return false;
            ulong expected = (state->Gpr[2] << 32) | (uint)state->Gpr[0];
            bool equal = current == expected;
            if (!cpu.TryWrite(segment, at, equal ? (state->Gpr[1] << 32) | (uint)state->Gpr[3] : current)) return false;
            if (!equal)
            {
                state->Gpr[0] = (uint)current;
                state->Gpr[2] = current >> 32;
            }

            SetZero(state, equal);
            return true;
        }
    }

    private readonly struct Cmpxchg16b : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            SegmentName segment = Processor.SegmentOf(in instruction);
            ulong at = cpu.EffectiveAddress(in instruction);
            if (!cpu.Linearize(segment, at, 16, Memory.AccessKind.Write, out ulong linear)) return false;
            if ((linear & 15) != 0) return cpu.RaiseGeneralProtection(FaultCause.Alignment);
            if (!cpu.ProbeWrite(segment, at, 16) || !cpu.TryRead(segment, at, out UInt128 current)) return false;
            var expected = new UInt128(state->Gpr[2], state->Gpr[0]);
            bool equal = current == expected;
            if (!cpu.TryWrite(segment, at, equal ? new UInt128(state->Gpr[1], state->Gpr[3]) : current)) return false;
            if (!equal)
            {
                state->Gpr[0] = (ulong)current;
                state->Gpr[2] = (ulong)(current >> 64);
            }

            SetZero(state, equal);
            return true;
        }
    }
}
