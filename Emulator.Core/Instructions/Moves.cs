using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>MOV, PUSH, POP and their like in every form that the specialised handlers do not take. SDM Vol. 1, "Data Transfer Instructions".</summary>
internal static unsafe class Moves
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Mov>(Mnemonic.Mov),
        InstructionRow.SystemForm<Mov>(Mnemonic.Mov),
        InstructionRow.Of<Push>(Mnemonic.Push),
        InstructionRow.Of<Pop>(Mnemonic.Pop),
        InstructionRow.SystemForm<Pop>(Mnemonic.Pop),
        InstructionRow.Of<Pusha>(Mnemonic.Pusha),
        InstructionRow.Of<Pusha>(Mnemonic.Pushad),
        InstructionRow.Of<Popa>(Mnemonic.Popa),
        InstructionRow.Of<Popa>(Mnemonic.Popad),
        InstructionRow.Of<Lea>(Mnemonic.Lea),
        InstructionRow.Of<Extend>(Mnemonic.Movzx),
        InstructionRow.Of<Extend>(Mnemonic.Movsx),
        InstructionRow.Of<Extend>(Mnemonic.Movsxd),
        InstructionRow.Of<Xchg>(Mnemonic.Xchg, Ends.Nothing, LockRule.Allowed),
        InstructionRow.Of<Bswap>(Mnemonic.Bswap),
        InstructionRow.Of<Xlat>(Mnemonic.Xlatb),
        InstructionRow.Of<Enter>(Mnemonic.Enter),
        InstructionRow.Of<Leave>(Mnemonic.Leave),
        InstructionRow.Of<Convert>(Mnemonic.Cbw),
        InstructionRow.Of<Convert>(Mnemonic.Cwde),
        InstructionRow.Of<Convert>(Mnemonic.Cdqe),
        InstructionRow.Of<Convert>(Mnemonic.Cwd),
        InstructionRow.Of<Convert>(Mnemonic.Cdq),
        InstructionRow.Of<Convert>(Mnemonic.Cqo),
        .. Enum.GetValues<Mnemonic>().Where(static m => m.ToString().StartsWith("Cmov", StringComparison.Ordinal))
            .Select(static m => InstructionRow.Of<Cmov>(m)),
        .. Enum.GetValues<Mnemonic>().Where(IsSetcc).Select(static m => InstructionRow.Of<Setcc>(m)),
    ];

    private static bool IsSetcc(Mnemonic mnemonic) => mnemonic is Mnemonic.Seta or Mnemonic.Setae or Mnemonic.Setb or Mnemonic.Setbe
        or Mnemonic.Sete or Mnemonic.Setne or Mnemonic.Setg or Mnemonic.Setge or Mnemonic.Setl or Mnemonic.Setle or Mnemonic.Seto
        or Mnemonic.Setno or Mnemonic.Setp or Mnemonic.Setnp or Mnemonic.Sets or Mnemonic.Setns;

    private static bool IsRegister(in Instruction instruction, int operand, out Register register)
    {
        register = instruction.GetOpRegister(operand);
        return instruction.GetOpKind(operand) == OpKind.Register;
    }

    private readonly struct Mov : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (IsRegister(in instruction, 0, out Register to))
            {
                if (to.IsCR()) return ControlRegisterInstructions.Write(cpu, state, to, cpu.ReadRegister(instruction.Op1Register));
                if (to.IsDR()) return DebugRegisterInstructions.Write(cpu, state, to, cpu.ReadRegister(instruction.Op1Register));
                if (to.IsSegmentRegister()) return LoadSegment(cpu, state, in instruction, to);
                if (to.IsTR()) return cpu.RaiseInvalidOpcode();
            }

            if (IsRegister(in instruction, 1, out Register from))
            {
                if (from.IsCR()) return ControlRegisterInstructions.Read(cpu, state, from, to);
                if (from.IsDR()) return DebugRegisterInstructions.Read(cpu, state, from, to);
                if (from.IsTR()) return cpu.RaiseInvalidOpcode();
            }

            return cpu.TryReadOperand(in instruction, 1, out ulong value) && cpu.TryWriteOperand(in instruction, 0, value);
        }

        private static bool LoadSegment(Processor cpu, ProcessorState* state, in Instruction instruction, Register to)
        {
            if (to == Register.CS) return cpu.RaiseInvalidOpcode();
            return cpu.TryReadOperand(in instruction, 1, out ulong selector)
                && SegmentInstructions.TryLoad(cpu, state, (SegmentName)(to - Register.ES), (ushort)selector);
        }
    }

    private readonly struct Push : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = -instruction.StackPointerIncrement;
            if (!cpu.TryReadOperand(in instruction, 0, out ulong value)) return false;
            var frame = new StackFrame(cpu, SegmentName.SS, size, state->Gpr[4], cpu.StackMaskNow);
            if (!frame.TryPush(value)) return false;
            frame.Commit();
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "POP": a memory operand addressed by rSP uses its value after the increment.</summary>
    private readonly struct Pop : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.StackPointerIncrement;
            ulong mask = cpu.StackMaskNow;
            ulong before = state->Gpr[4];
            if (!cpu.TryReadSized(SegmentName.SS, before & mask, size, out ulong value)) return false;
            if (IsRegister(in instruction, 0, out Register to) && to.IsSegmentRegister())
            {
                if (!SegmentInstructions.TryLoad(cpu, state, (SegmentName)(to - Register.ES), (ushort)value)) return false;
                cpu.SetStackPointer(before + (ulong)size, to == Register.SS ? mask : cpu.StackMaskNow);
                return true;
            }

            cpu.SetStackPointer(before + (ulong)size, mask);
            if (cpu.TryWriteOperand(in instruction, 0, value)) return true;
            state->Gpr[4] = before;
            return false;
        }
    }

    private readonly struct Pusha : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.Mnemonic == Mnemonic.Pusha ? 2 : 4;
            var frame = new StackFrame(cpu, SegmentName.SS, size, state->Gpr[4], cpu.StackMaskNow);
            for (int i = 0; i < 8; i++)
            {
                if (!frame.TryPush(state->Gpr[i])) return false;
            }

            frame.Commit();
            return true;
        }
    }

    private readonly struct Popa : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.Mnemonic == Mnemonic.Popa ? 2 : 4;
            ulong mask = cpu.StackMaskNow;
            Span<ulong> values = stackalloc ulong[8];
            for (int i = 7; i >= 0; i--)
            {
                ulong at = (state->Gpr[4] + (ulong)((7 - i) * size)) & mask;
                if (!cpu.TryReadSized(SegmentName.SS, at, size, out values[i])) return false;
            }

            for (int i = 0; i < 8; i++)
            {
                if (i == 4) continue;
                cpu.WriteRegister((size == 2 ? Register.AX : Register.EAX) + i, values[i]);
            }

            cpu.SetStackPointer(state->Gpr[4] + (ulong)(8 * size), mask);
            return true;
        }
    }

    private readonly struct Lea : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            cpu.WriteRegister(instruction.Op0Register, cpu.EffectiveAddress(in instruction));
            return true;
        }
    }

    private readonly struct Extend : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperand(in instruction, 1, out ulong value)) return false;
            int size = instruction.Op1Kind == OpKind.Register ? instruction.Op1Register.GetSize() : instruction.MemorySize.GetSize();
            if (instruction.Mnemonic != Mnemonic.Movzx)
            {
                value = size switch { 1 => (ulong)(sbyte)value, 2 => (ulong)(short)value, _ => (ulong)(int)value };
            }

            cpu.WriteRegister(instruction.Op0Register, value);
            return true;
        }
    }

    private readonly struct Xchg : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperandForWrite(in instruction, 0, out ulong left) || !cpu.TryReadOperand(in instruction, 1, out ulong right)) return false;
            if (!cpu.TryWriteOperand(in instruction, 0, right)) return false;
            return cpu.TryWriteOperand(in instruction, 1, left);
        }
    }

    private readonly struct Bswap : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            Register register = instruction.Op0Register;
            ulong value = cpu.ReadRegister(register);

            // With a 16-bit operand the result is undefined: processors store 0.
            cpu.WriteRegister(register, register.GetSize() switch
            {
                2 => 0,
                4 => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((uint)value),
                _ => System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value),
            });
            return true;
        }
    }

    private readonly struct Xlat : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            ulong mask = instruction.MemoryBase switch { Register.BX => ushort.MaxValue, Register.EBX => uint.MaxValue, _ => ulong.MaxValue };
            ulong offset = (state->Gpr[3] + (byte)state->Gpr[0]) & mask;
            if (!cpu.TryRead(Processor.SegmentOf(in instruction), offset, out byte value)) return false;
            cpu.WriteRegister(Register.AL, value);
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "ENTER—Make Stack Frame for Procedure Parameters".</summary>
    private readonly struct Enter : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.Code switch { Code.Enterw_imm16_imm8 => 2, Code.Enterd_imm16_imm8 => 4, _ => 8 };
            int level = instruction.Immediate8_2nd & 31;
            ulong mask = cpu.StackMaskNow;
            var frame = new StackFrame(cpu, SegmentName.SS, size, state->Gpr[4], mask);
            if (!frame.TryPush(state->Gpr[5])) return false;
            ulong framePointer = frame.Pointer;
            for (int i = 1; i < level; i++)
            {
                ulong at = (state->Gpr[5] - (ulong)(i * size)) & mask;
                if (!cpu.TryReadSized(SegmentName.SS, at, size, out ulong value) || !frame.TryPush(value)) return false;
            }

            if (level > 0 && !frame.TryPush(framePointer)) return false;
            ulong top = (frame.Pointer - instruction.Immediate16) & mask;
            if (!cpu.ProbeWrite(SegmentName.SS, top, size)) return false;
            cpu.WriteRegister(size switch { 2 => Register.BP, 4 => Register.EBP, _ => Register.RBP }, framePointer);
            cpu.SetStackPointer(top, mask);
            return true;
        }
    }

    private readonly struct Leave : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.Code switch { Code.Leavew => 2, Code.Leaved => 4, _ => 8 };
            ulong mask = cpu.StackMaskNow;
            if (!cpu.TryReadSized(SegmentName.SS, state->Gpr[5] & mask, size, out ulong value)) return false;
            cpu.SetStackPointer(state->Gpr[5] + (ulong)size, mask);
            cpu.WriteRegister(size switch { 2 => Register.BP, 4 => Register.EBP, _ => Register.RBP }, value);
            return true;
        }
    }

    private readonly struct Convert : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            ulong a = state->Gpr[0];
            switch (instruction.Mnemonic)
            {
                case Mnemonic.Cbw: cpu.WriteRegister(Register.AX, (ulong)(sbyte)a); break;
                case Mnemonic.Cwde: cpu.WriteRegister(Register.EAX, (ulong)(short)a); break;
                case Mnemonic.Cdqe: state->Gpr[0] = (ulong)(int)a; break;
                case Mnemonic.Cwd: cpu.WriteRegister(Register.DX, (ulong)((short)a >> 15)); break;
                case Mnemonic.Cdq: cpu.WriteRegister(Register.EDX, (ulong)((int)a >> 31)); break;
                default: state->Gpr[2] = (ulong)((long)a >> 63); break;
            }

            return true;
        }
    }

    /// <summary>CMOVcc reads its source whether or not it moves, and writes the destination (zeroing its upper half) in any case.</summary>
    private readonly struct Cmov : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.TryReadOperand(in instruction, 1, out ulong value)) return false;
            bool holds = Conditions.Holds(instruction.ConditionCode, state->Flags);
            cpu.WriteRegister(instruction.Op0Register, holds ? value : cpu.ReadRegister(instruction.Op0Register));
            return true;
        }
    }

    private readonly struct Setcc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => cpu.TryWriteOperand(in instruction, 0, Conditions.Holds(instruction.ConditionCode, state->Flags) ? 1UL : 0);
    }
}
