using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>MUL, IMUL, DIV, IDIV and the decimal adjustments. SDM Vol. 1, "Multiply and Divide Instructions", "Decimal Arithmetic Instructions".</summary>
internal static unsafe class MultiplyDivide
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Multiply>(Mnemonic.Mul),
        InstructionRow.Of<Multiply>(Mnemonic.Imul),
        InstructionRow.Of<Divide>(Mnemonic.Div),
        InstructionRow.Of<Divide>(Mnemonic.Idiv),
        InstructionRow.Of<DecimalAdjust>(Mnemonic.Daa),
        InstructionRow.Of<DecimalAdjust>(Mnemonic.Das),
        InstructionRow.Of<AsciiAdjust>(Mnemonic.Aaa),
        InstructionRow.Of<AsciiAdjust>(Mnemonic.Aas),
        InstructionRow.Of<Aam>(Mnemonic.Aam),
        InstructionRow.Of<Aad>(Mnemonic.Aad),
    ];

    private readonly struct Multiply : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (instruction.OpCount > 1) return Truncating(cpu, state, in instruction);
            if (!cpu.TryReadOperand(in instruction, 0, out ulong right)) return false;
            bool signed = instruction.Mnemonic == Mnemonic.Imul;
            int size = IntegerInstructions.SizeOf(in instruction);
            ulong left = state->Gpr[0];
            bool overflows;
            ulong low;
            switch (size)
            {
                case 1:
                {
                    int product = signed ? (sbyte)left * (sbyte)right : (byte)left * (byte)right;
                    low = (byte)product;
                    overflows = signed ? product != (sbyte)product : product > byte.MaxValue;
                    cpu.WriteRegister(Register.AX, (ulong)product);
                    state->Flags = LazyFlags.FromResult((byte)low, overflows, overflows);
                    return true;
                }

                case 2:
                {
                    long product = signed ? (short)left * (short)right : (long)(ushort)left * (ushort)right;
                    overflows = signed ? product != (short)product : product > ushort.MaxValue;
                    cpu.WriteRegister(Register.AX, (ulong)product);
                    cpu.WriteRegister(Register.DX, (ulong)product >> 16);
                    state->Flags = LazyFlags.FromResult((ushort)product, overflows, overflows);
                    return true;
                }

                case 4:
                {
                    ulong product = signed ? (ulong)((long)(int)left * (int)right) : (ulong)(uint)left * (uint)right;
                    overflows = signed ? (long)product != (int)product : product > uint.MaxValue;
                    state->Gpr[0] = (uint)product;
                    state->Gpr[2] = product >> 32;
                    state->Flags = LazyFlags.FromResult((uint)product, overflows, overflows);
                    return true;
                }

                default:
                    ulong high;
                    if (signed)
                    {
                        high = (ulong)Math.BigMul((long)left, (long)right, out long signedLow);
                        low = (ulong)signedLow;
                        overflows = (long)high != signedLow >> 63;
                    }
                    else
                    {
                        high = Math.BigMul(left, right, out low);
                        overflows = high != 0;
                    }

                    state->Gpr[0] = low;
                    state->Gpr[2] = high;
                    state->Flags = LazyFlags.FromResult(low, overflows, overflows);
                    return true;
            }
        }

        /// <summary>IMUL with two or three operands in a rare form.</summary>
        private static bool Truncating(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            bool three = instruction.OpCount == 3;
            if (!cpu.TryReadOperand(in instruction, 1, out ulong right)) return false;
            ulong left = three ? instruction.GetImmediate(2) : cpu.ReadRegister(instruction.Op0Register);
            LazyFlags flags;
            ulong result = instruction.Op0Register.GetSize() switch
            {
                2 => Integer.Imul((ushort)left, (ushort)right, out flags),
                4 => Integer.Imul((uint)left, (uint)right, out flags),
                _ => Integer.Imul(left, right, out flags),
            };
            cpu.WriteRegister(instruction.Op0Register, result);
            state->Flags = flags;
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "DIV", "IDIV": the flags are undefined, and unchanged here.</summary>
    private readonly struct Divide : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperand(in instruction, 0, out ulong divisor)) return false;
            bool signed = instruction.Mnemonic == Mnemonic.Idiv;
            int size = IntegerInstructions.SizeOf(in instruction);
            if (size == 8) return Divide128(cpu, state, divisor, signed);
            ulong dividend = size switch
            {
                1 => (ushort)state->Gpr[0],
                2 => (uint)(((state->Gpr[2] & 0xFFFF) << 16) | (state->Gpr[0] & 0xFFFF)),
                _ => (state->Gpr[2] << 32) | (uint)state->Gpr[0],
            };
            if (!TryDivide(dividend, divisor, size, signed, out ulong quotient, out ulong remainder)) return cpu.Raise(ExceptionVector.DivideError, FaultCause.Divide);
            switch (size)
            {
                case 1:
                    cpu.WriteRegister(Register.AX, (quotient & 0xFF) | (remainder << 8));
                    break;
                case 2:
                    cpu.WriteRegister(Register.AX, quotient);
                    cpu.WriteRegister(Register.DX, remainder);
                    break;
                default:
                    cpu.WriteRegister(Register.EAX, quotient);
                    cpu.WriteRegister(Register.EDX, remainder);
                    break;
            }

            return true;
        }

        private static bool TryDivide(ulong dividend, ulong divisor, int size, bool signed, out ulong quotient, out ulong remainder)
        {
            quotient = remainder = 0;
            int bits = 8 * size;
            if (!signed)
            {
                ulong by = divisor & (ulong.MaxValue >> (64 - bits));
                if (by == 0) return false;
                quotient = dividend / by;
                remainder = dividend % by;
                return quotient >> bits == 0;
            }

            long wide = (long)(dividend << (64 - (2 * bits))) >> (64 - (2 * bits));
            long signedBy = (long)(divisor << (64 - bits)) >> (64 - bits);
            if (signedBy == 0 || (wide == long.MinValue && signedBy == -1)) return false;
            long result = wide / signedBy;
            quotient = (ulong)result;
            remainder = (ulong)(wide % signedBy);
            return result == (result << (64 - bits)) >> (64 - bits);
        }

        private static bool Divide128(Processor cpu, ProcessorState* state, ulong divisor, bool signed)
        {
            if (divisor == 0) return cpu.Raise(ExceptionVector.DivideError, FaultCause.Divide);
            var dividend = new UInt128(state->Gpr[2], state->Gpr[0]);
            if (!signed)
            {
                if (state->Gpr[2] >= divisor) return cpu.Raise(ExceptionVector.DivideError, FaultCause.Divide);
                (UInt128 quotient, UInt128 remainder) = UInt128.DivRem(dividend, divisor);
                state->Gpr[0] = (ulong)quotient;
                state->Gpr[2] = (ulong)remainder;
                return true;
            }

            var wide = (Int128)dividend;
            Int128 by = (long)divisor;
            if (wide == Int128.MinValue && by == -1) return cpu.Raise(ExceptionVector.DivideError, FaultCause.Divide);
            (Int128 signedQuotient, Int128 signedRemainder) = Int128.DivRem(wide, by);
            if (signedQuotient != (long)signedQuotient) return cpu.Raise(ExceptionVector.DivideError, FaultCause.Divide);
            state->Gpr[0] = (ulong)(long)signedQuotient;
            state->Gpr[2] = (ulong)(long)signedRemainder;
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "DAA", "DAS". OF is undefined: 0 here.</summary>
    private readonly struct DecimalAdjust : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            var old = (byte)state->Gpr[0];
            int sign = instruction.Mnemonic == Mnemonic.Daa ? 1 : -1;
            bool oldCarry = state->Flags.CF;
            bool carry = false;
            bool auxiliary = (old & 15) > 9 || state->Flags.AF;
            int al = old;
            if (auxiliary)
            {
                al += 6 * sign;
                carry = oldCarry || al is < 0 or > 255;
            }

            if (old > 0x99 || oldCarry)
            {
                al += 0x60 * sign;
                carry = true;
            }
            else if (sign > 0)
            {
                carry = false;
            }

            cpu.WriteRegister(Register.AL, (ulong)(byte)al);
            state->Flags = LazyFlags.FromResult((byte)al, carry, of: false, auxiliary);
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "AAA", "AAS". OF, SF, ZF and PF are undefined: they follow AL here.</summary>
    private readonly struct AsciiAdjust : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int sign = instruction.Mnemonic == Mnemonic.Aaa ? 1 : -1;
            var ax = (ushort)state->Gpr[0];
            bool adjusts = (ax & 15) > 9 || state->Flags.AF;
            if (adjusts) ax = (ushort)(ax + (0x106 * sign));
            ax &= 0xFF0F;
            cpu.WriteRegister(Register.AX, ax);
            state->Flags = LazyFlags.FromResult((byte)ax, adjusts, of: false, adjusts);
            return true;
        }
    }

    private readonly struct Aam : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int divisor = instruction.Immediate8;
            if (divisor == 0) return cpu.Raise(ExceptionVector.DivideError, FaultCause.Divide);
            var al = (byte)state->Gpr[0];
            int low = al % divisor;
            cpu.WriteRegister(Register.AX, (ulong)((al / divisor << 8) | low));
            state->Flags = LazyFlags.FromResult((byte)low, cf: false, of: false);
            return true;
        }
    }

    private readonly struct Aad : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            var result = (byte)((byte)state->Gpr[0] + ((byte)(state->Gpr[0] >> 8) * instruction.Immediate8));
            cpu.WriteRegister(Register.AX, result);
            state->Flags = LazyFlags.FromResult(result, cf: false, of: false);
            return true;
        }
    }
}
