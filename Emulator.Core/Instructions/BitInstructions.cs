using System.Numerics;
using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "Bit and Byte Instructions".</summary>
internal static unsafe class BitInstructions
{
    /// <summary>Rows of this family. TZCNT and LZCNT are not announced: their encodings execute as BSF and BSR.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<BitTest>(Mnemonic.Bt),
        InstructionRow.Of<BitTest>(Mnemonic.Bts, Ends.Nothing, LockRule.Allowed),
        InstructionRow.Of<BitTest>(Mnemonic.Btr, Ends.Nothing, LockRule.Allowed),
        InstructionRow.Of<BitTest>(Mnemonic.Btc, Ends.Nothing, LockRule.Allowed),
        InstructionRow.Of<BitScan>(Mnemonic.Bsf),
        InstructionRow.Of<BitScan>(Mnemonic.Bsr),
        InstructionRow.Of<BitScan>(Mnemonic.Tzcnt),
        InstructionRow.Of<BitScan>(Mnemonic.Lzcnt),
    ];

    /// <summary>A register bit offset reaches beyond a memory operand. SDM Vol. 1, "Bit and Bit-Field".</summary>
    private readonly struct BitTest : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = IntegerInstructions.SizeOf(in instruction);
            int bits = 8 * size;
            bool writes = instruction.Mnemonic != Mnemonic.Bt;
            bool isImmediate = instruction.Op1Kind != OpKind.Register;
            ulong index = isImmediate ? instruction.Immediate8 : cpu.ReadRegister(instruction.Op1Register);
            int bit = (int)(index & (ulong)(bits - 1));
            bool isMemory = instruction.Op0Kind == OpKind.Memory;
            SegmentName segment = SegmentName.DS;
            ulong at = 0;
            ulong value;
            if (isMemory)
            {
                segment = Processor.SegmentOf(in instruction);
                at = cpu.EffectiveAddress(in instruction);
                if (!isImmediate)
                {
                    long signed = size switch { 2 => (short)index, 4 => (int)index, _ => (long)index };
                    at += (ulong)((signed >> BitOperations.Log2((uint)bits)) * size);
                    at = cpu.AddressBits(in instruction) switch { 16 => (ushort)at, 32 => (uint)at, _ => at };
                }

                if (writes && !cpu.ProbeWrite(segment, at, size)) return false;
                if (!cpu.TryReadSized(segment, at, size, out value)) return false;
            }
            else
            {
                value = cpu.ReadRegister(instruction.Op0Register);
            }

            ulong mask = 1UL << bit;
            ulong result = instruction.Mnemonic switch
            {
                Mnemonic.Bts => value | mask,
                Mnemonic.Btr => value & ~mask,
                Mnemonic.Btc => value ^ mask,
                _ => value,
            };
            if (writes)
            {
                if (!isMemory) cpu.WriteRegister(instruction.Op0Register, result);
                else if (!cpu.TryWriteSized(segment, at, size, result)) return false;
            }

            state->Flags = state->Flags.WithCF((value & mask) != 0);
            return true;
        }
    }

    /// <summary>A zero source leaves the destination as it is, upper half included. SDM Vol. 2, "BSF", "BSR".</summary>
    private readonly struct BitScan : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperand(in instruction, 1, out ulong source)) return false;
            bool forward = instruction.Mnemonic is Mnemonic.Bsf or Mnemonic.Tzcnt;
            if (source != 0)
            {
                int index = forward ? BitOperations.TrailingZeroCount(source) : BitOperations.Log2(source);
                cpu.WriteRegister(instruction.Op0Register, (ulong)index);
            }

            Rflags flags = state->Flags.ToRflags() & ~Rflags.ZF;
            state->Flags = LazyFlags.FromRflags(source == 0 ? flags | Rflags.ZF : flags);
            return true;
        }
    }
}
