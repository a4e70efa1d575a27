using Emulator.Core.Execution;
using Emulator.Core.Interpretation;
using Iced.Intel;

namespace Emulator.Core.Decoding;

/// <summary>Chooses the specialised handler of a simple instruction and fills in its operation record.</summary>
internal static unsafe partial class HandlerChoice
{
    /// <summary>Displacement, base, index and segment of a memory operand; which form addresses it.</summary>
    private enum Form
    {
        /// <summary>None that a specialised handler takes.</summary>
        None,
        Base,
        Indexed,
        FsGs,
        Legacy32,
        Legacy16,
    }

    /// <summary>Whether a specialised branch handler ends the block here.</summary>
    public static bool IsBranch(in Instruction instruction, ExecutionMode mode)
        => IsFast(mode) && instruction.FlowControl != FlowControl.Next;

    /// <summary>Chooses a handler; false: the instruction is a complex one.</summary>
    public static bool TryChoose(in Instruction instruction, ExecutionMode mode, bool flagsAreDead, Operation* operation)
    {
        if (instruction.HasLockPrefix || instruction.HasRepPrefix || instruction.HasRepnePrefix) return TryChooseLocked(in instruction, mode, operation);
        nint handler = instruction.Mnemonic switch
        {
            Mnemonic.Mov => Move(in instruction, mode, operation),
            Mnemonic.Lea => LoadEffectiveAddress(in instruction, mode, operation),
            Mnemonic.Add => Binary<AddOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Adc => Binary<AdcOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Sub => Binary<SubOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Sbb => Binary<SbbOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.And => Binary<AndOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Or => Binary<OrOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Xor => Binary<XorOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Cmp => Binary<CmpOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Test => Binary<TestOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Imul => Multiply(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Inc => Unary<IncOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Dec => Unary<DecOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Neg => Unary<NegOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Not => Unary<NotOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Shl or Mnemonic.Sal => Shift<ShlOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Shr => Shift<ShrOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Sar => Shift<SarOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Rol => Shift<RolOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Ror => Shift<RorOperation>(in instruction, mode, flagsAreDead, operation),
            Mnemonic.Movzx => Extend<FlagsDead>(in instruction, mode, operation),
            Mnemonic.Movsx or Mnemonic.Movsxd => Extend<FlagsLive>(in instruction, mode, operation),
            Mnemonic.Push => Push(in instruction, mode, operation),
            Mnemonic.Pop => Pop(in instruction, mode, operation),
            Mnemonic.Call => Call(in instruction, mode, operation),
            Mnemonic.Ret => Return(in instruction, mode, operation),
            Mnemonic.Jmp => Jump(in instruction, mode, operation),
            Mnemonic.Nop => HandlerEntry.Of(MoveHandlers<ulong>.Nothing),
            _ => Conditional(in instruction, mode, operation),
        };
        operation->Handler = (delegate*<ProcessorState*, Operation*, long, long>)handler;
        return handler != 0;
    }

    private static bool IsFast(ExecutionMode mode) => (mode & ExecutionMode.FlatCode) != 0;

    private static bool Is64(ExecutionMode mode) => (mode & ExecutionMode.Code64) != 0;

    /// <summary>REP on an instruction that does not repeat is ignored: only RET and the branches meet it in practice.</summary>
    private static bool TryChooseLocked(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        if (instruction.HasLockPrefix || instruction.Mnemonic != Mnemonic.Ret) return false;
        nint handler = Return(in instruction, mode, operation);
        operation->Handler = (delegate*<ProcessorState*, Operation*, long, long>)handler;
        return handler != 0;
    }

    private static ushort Offset(Register register) => (ushort)Processor.OffsetOf(register);

    /// <summary>State offset of an operand register, or 0xFFFF when it is none of the general-purpose ones.</summary>
    private static bool TryRegister(in Instruction instruction, int operand, out ushort offset, out int size)
    {
        Register register = instruction.GetOpRegister(operand);
        bool isGeneral = instruction.GetOpKind(operand) == OpKind.Register && register.IsGPR();
        offset = isGeneral ? Offset(register) : (ushort)0;
        size = isGeneral ? register.GetSize() : 0;
        return isGeneral;
    }

    private static bool IsImmediate(in Instruction instruction, int operand)
        => instruction.GetOpKind(operand) is >= OpKind.Immediate8 and <= OpKind.Immediate32to64;

    /// <summary>Fills in the memory operand.</summary>
    private static Form Address(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        Register baseRegister = instruction.MemoryBase;
        Register index = instruction.MemoryIndex;
        if (index.IsVectorRegister()) return Form.None;
        int bits = AddressBits(in instruction, mode);
        bool isFsGs = instruction.MemorySegment is Register.FS or Register.GS;
        int segment = instruction.MemorySegment - Register.ES;
        if (segment is < 0 or > 5) return Form.None;
        operation->Displacement = (long)instruction.MemoryDisplacement64;
        operation->Base = baseRegister switch
        {
            Register.None => StateOffsets.Zero,
            Register.RIP => StateOffsets.RipBase,
            Register.EIP => (ushort)0xFFFF,
            _ => WideOffset(baseRegister),
        };
        operation->Index = index == Register.None ? StateOffsets.Zero : WideOffset(index);
        operation->Scale = (byte)System.Numerics.BitOperations.TrailingZeroCount(Math.Max(1, instruction.MemoryIndexScale));
        operation->Segment = (ushort)(StateOffsets.Segments + (segment * sizeof(SegmentRegister)));
        if (operation->Base == 0xFFFF) return Form.None;
        if (Is64(mode))
        {
            if (bits != 64) return Form.None;
            if (isFsGs) return Form.FsGs;
            return index == Register.None ? Form.Base : Form.Indexed;
        }

        return bits == 32 ? Form.Legacy32 : Form.Legacy16;
    }

    /// <summary>The offset of the full register: the form cuts the sum to the address size.</summary>
    private static ushort WideOffset(Register register) => Offset(register.GetFullRegister());

    private static int AddressBits(in Instruction instruction, ExecutionMode mode)
    {
        Register register = instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex;
        if (register == Register.RIP) return 64;
        if (register == Register.EIP) return 32;
        if (register != Register.None) return register.GetSize() * 8;
        return instruction.MemoryDisplSize switch
        {
            2 => 16,
            4 => 32,
            8 => 64,
            _ => Is64(mode) ? 64 : (mode & ExecutionMode.Code32) != 0 ? 32 : 16,
        };
    }
}

/// <summary>Offsets in the state block that operations name.</summary>
internal static unsafe class StateOffsets
{
    /// <summary>The zero that stands for an absent register.</summary>
    public const ushort Zero = 128;

    /// <summary>RIP of offset 0 of the current page: the base of RIP-relative operands.</summary>
    public const ushort RipBase = 136;

    /// <summary>The first segment register.</summary>
    public static readonly ushort Segments = (ushort)System.Runtime.InteropServices.Marshal.OffsetOf<ProcessorState>(nameof(ProcessorState.Es));
}
