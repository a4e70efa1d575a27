using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>JMP, CALL, RET, Jcc, LOOP in every form that the specialised handlers do not take. SDM Vol. 1, "Control Transfer Instructions".</summary>
internal static unsafe class NearTransfers
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Jmp>(Mnemonic.Jmp, Ends.Block),
        InstructionRow.Of<Call>(Mnemonic.Call, Ends.Block),
        InstructionRow.Of<Ret>(Mnemonic.Ret, Ends.Block),
        InstructionRow.Of<Retf>(Mnemonic.Retf, Ends.Block),
        InstructionRow.Of<Loop>(Mnemonic.Loop, Ends.Block),
        InstructionRow.Of<Loop>(Mnemonic.Loope, Ends.Block),
        InstructionRow.Of<Loop>(Mnemonic.Loopne, Ends.Block),
        InstructionRow.Of<JumpIfCountZero>(Mnemonic.Jcxz, Ends.Block),
        InstructionRow.Of<JumpIfCountZero>(Mnemonic.Jecxz, Ends.Block),
        InstructionRow.Of<JumpIfCountZero>(Mnemonic.Jrcxz, Ends.Block),
        .. Enum.GetValues<Mnemonic>().Where(IsJcc).Select(static mnemonic => InstructionRow.Of<Jcc>(mnemonic, Ends.Block)),
    ];

    private static bool IsJcc(Mnemonic mnemonic) => mnemonic is Mnemonic.Ja or Mnemonic.Jae or Mnemonic.Jb or Mnemonic.Jbe or Mnemonic.Je
        or Mnemonic.Jne or Mnemonic.Jg or Mnemonic.Jge or Mnemonic.Jl or Mnemonic.Jle or Mnemonic.Jo or Mnemonic.Jno or Mnemonic.Jp
        or Mnemonic.Jnp or Mnemonic.Js or Mnemonic.Jns;

    /// <summary>Target of a relative branch: the decoder knows it as an offset from the page of the branch.</summary>
    private static ulong RelativeTarget(ProcessorState* state, in Instruction instruction) => instruction.Op0Kind switch
    {
        OpKind.NearBranch16 => (ushort)(state->RipBase + instruction.NearBranch16),
        OpKind.NearBranch32 => (uint)(state->RipBase + instruction.NearBranch32),
        _ => state->RipBase + instruction.NearBranch64,
    };

    private static bool IsRelative(in Instruction instruction)
        => instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64;

    private static bool IsFar(in Instruction instruction)
        => instruction.Op0Kind is OpKind.FarBranch16 or OpKind.FarBranch32 || instruction.IsJmpFarIndirect || instruction.IsCallFarIndirect;

    private static bool TryTarget(Processor cpu, ProcessorState* state, in Instruction instruction, out ulong target)
    {
        if (!IsRelative(in instruction)) return cpu.TryReadOperand(in instruction, 0, out target);
        target = RelativeTarget(state, in instruction);
        return true;
    }

    /// <summary>The target must be canonical, or inside the limit of CS: the branch faults, not the fetch.</summary>
    private static bool TryGoTo(Processor cpu, ProcessorState* state, ulong target)
    {
        if (cpu.Is64Bit)
        {
            if (!Processor.IsCanonical(target)) return cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
        }
        else if (target > state->Cs.Limit)
        {
            return cpu.RaiseGeneralProtection(FaultCause.SegmentLimit);
        }

        state->NextRip = target;
        return true;
    }

    private readonly struct Jmp : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (IsFar(in instruction)) return FarTransfers.Jump(cpu, state, in instruction);
            return TryTarget(cpu, state, in instruction, out ulong target) && TryGoTo(cpu, state, target);
        }
    }

    private readonly struct Call : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (IsFar(in instruction)) return FarTransfers.Call(cpu, state, in instruction);
            ulong next = state->NextRip;
            if (!TryTarget(cpu, state, in instruction, out ulong target) || !TryGoTo(cpu, state, target)) return false;
            var frame = new StackFrame(cpu, SegmentName.SS, -instruction.StackPointerIncrement, state->Gpr[4], cpu.StackMaskNow);
            if (!frame.TryPush(next)) return false;
            frame.Commit();
            return true;
        }
    }

    private readonly struct Ret : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int release = instruction.OpCount == 1 ? instruction.Immediate16 : 0;
            int size = instruction.StackPointerIncrement - release;
            ulong mask = cpu.StackMaskNow;
            if (!cpu.TryReadSized(SegmentName.SS, state->Gpr[4] & mask, size, out ulong target)) return false;
            if (!TryGoTo(cpu, state, target)) return false;
            cpu.SetStackPointer(state->Gpr[4] + (ulong)(size + release), mask);
            return true;
        }
    }

    private readonly struct Retf : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.Code switch
            {
                Code.Retfw or Code.Retfw_imm16 => 2,
                Code.Retfd or Code.Retfd_imm16 => 4,
                _ => 8,
            };
            return FarTransfers.Return(cpu, state, size, instruction.OpCount == 1 ? instruction.Immediate16 : 0);
        }
    }

    private readonly struct Jcc : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => !Conditions.Holds(instruction.ConditionCode, state->Flags) || TryGoTo(cpu, state, RelativeTarget(state, in instruction));
    }

    /// <summary>SDM Vol. 2, "LOOP/LOOPcc—Loop According to ECX Counter": the counter's width is the address size.</summary>
    private readonly struct Loop : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            ulong mask = CounterMask(in instruction);
            ulong count = (state->Gpr[1] - 1) & mask;
            bool taken = count != 0 && instruction.Mnemonic switch
            {
                Mnemonic.Loope => state->Flags.ZF,
                Mnemonic.Loopne => !state->Flags.ZF,
                _ => true,
            };
            if (taken && !TryGoTo(cpu, state, RelativeTarget(state, in instruction))) return false;
            state->Gpr[1] = mask == ushort.MaxValue ? (state->Gpr[1] & ~mask) | count : count;
            return true;
        }

        private static ulong CounterMask(in Instruction instruction) => instruction.Code switch
        {
            Code.Loop_rel8_16_CX or Code.Loop_rel8_32_CX or Code.Loope_rel8_16_CX or Code.Loope_rel8_32_CX
                or Code.Loopne_rel8_16_CX or Code.Loopne_rel8_32_CX => ushort.MaxValue,
            Code.Loop_rel8_16_RCX or Code.Loop_rel8_64_RCX or Code.Loope_rel8_16_RCX or Code.Loope_rel8_64_RCX
                or Code.Loopne_rel8_16_RCX or Code.Loopne_rel8_64_RCX => ulong.MaxValue,
            _ => uint.MaxValue,
        };
    }

    private readonly struct JumpIfCountZero : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            ulong count = instruction.Mnemonic switch
            {
                Mnemonic.Jcxz => (ushort)state->Gpr[1],
                Mnemonic.Jecxz => (uint)state->Gpr[1],
                _ => state->Gpr[1],
            };
            return count != 0 || TryGoTo(cpu, state, RelativeTarget(state, in instruction));
        }
    }
}
