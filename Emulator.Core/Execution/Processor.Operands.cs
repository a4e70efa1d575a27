using System.Runtime.CompilerServices;
using Iced.Intel;

namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    /// <summary>Byte offset of a general register in the state, for any width; AH to BH are one byte up.</summary>
    internal static int OffsetOf(Register register) => register switch
    {
        >= Register.AL and <= Register.BL => 8 * (register - Register.AL),
        >= Register.AH and <= Register.BH => (8 * (register - Register.AH)) + 1,
        >= Register.SPL and <= Register.R15L => 8 * (4 + (register - Register.SPL)),
        >= Register.AX and <= Register.R15W => 8 * (register - Register.AX),
        >= Register.EAX and <= Register.R15D => 8 * (register - Register.EAX),
        >= Register.RAX and <= Register.R15 => 8 * (register - Register.RAX),
        _ => throw new InvalidOperationException($"{register} is not a general-purpose register"),
    };

    /// <summary>Reads a general-purpose or segment register, zero-extended.</summary>
    internal ulong ReadRegister(Register register)
    {
        if (register is >= Register.ES and <= Register.GS) return Segment((SegmentName)(register - Register.ES))->Selector;
        byte* at = (byte*)State + OffsetOf(register);
        return register.GetSize() switch
        {
            1 => *at,
            2 => *(ushort*)at,
            4 => *(uint*)at,
            _ => *(ulong*)at,
        };
    }

    /// <summary>Writes a general-purpose register: 8 and 16 bits merge, 32 bits zero the upper half.</summary>
    internal void WriteRegister(Register register, ulong value)
    {
        byte* at = (byte*)State + OffsetOf(register);
        switch (register.GetSize())
        {
            case 1: *at = (byte)value; break;
            case 2: *(ushort*)at = (ushort)value; break;
            case 4: *(ulong*)at = (uint)value; break;
            default: *(ulong*)at = value; break;
        }
    }

    /// <summary>A segment register by name.</summary>
    internal SegmentRegister* Segment(SegmentName name) => ProcessorState.Segment(State, name);

    /// <summary>Pointer to the 64 bytes of ZMMn; XMMn and YMMn are its low part.</summary>
    internal byte* Vector(Register register)
    {
        int index = register.IsXMM() ? register - Register.XMM0 : register.IsYMM() ? register - Register.YMM0 : register - Register.ZMM0;
        return (byte*)State->Vectors + (64 * (index & 31));
    }

    /// <summary>The segment of the memory operand, overrides included.</summary>
    internal static SegmentName SegmentOf(in Instruction instruction) => (SegmentName)(instruction.MemorySegment - Register.ES);

    /// <summary>The offset of the memory operand in its segment, cut to the address size. SDM Vol. 1, "Specifying an Offset".</summary>
    internal ulong EffectiveAddress(in Instruction instruction)
    {
        ulong address = instruction.MemoryDisplacement64;
        Register baseRegister = instruction.MemoryBase;
        if (baseRegister is Register.RIP or Register.EIP)
        {
            // Iced resolves the displacement against the RIP that it was given: the page offset of the instruction.
            address += State->RipBase;
        }
        else if (baseRegister != Register.None)
        {
            address += ReadRegister(baseRegister);
        }

        Register index = instruction.MemoryIndex;
        if (index != Register.None && !index.IsVectorRegister()) address += ReadRegister(index) * (ulong)instruction.MemoryIndexScale;
        return AddressBits(instruction) switch
        {
            16 => (ushort)address,
            32 => (uint)address,
            _ => address,
        };
    }

    /// <summary>Address size of the instruction: 16, 32 or 64 bits.</summary>
    internal int AddressBits(in Instruction instruction)
    {
        Register register = instruction.MemoryBase != Register.None ? instruction.MemoryBase : instruction.MemoryIndex;
        if (register is Register.RIP) return 64;
        if (register is Register.EIP) return 32;
        if (register != Register.None && register.IsGPR()) return register.GetSize() * 8;
        return instruction.MemoryDisplSize switch
        {
            2 => 16,
            4 => 32,
            8 => 64,
            _ => (State->Mode & ExecutionMode.Code64) != 0 ? 64 : (State->Mode & ExecutionMode.Code32) != 0 ? 32 : 16,
        };
    }

    /// <summary>Reads an operand of 1 to 8 bytes: register, memory or immediate, zero-extended.</summary>
    internal bool TryReadOperand(in Instruction instruction, int operand, out ulong value)
    {
        switch (instruction.GetOpKind(operand))
        {
            case OpKind.Register:
                value = ReadRegister(instruction.GetOpRegister(operand));
                return true;
            case OpKind.Memory:
                return TryReadSized(SegmentOf(instruction), EffectiveAddress(instruction), instruction.MemorySize.GetSize(), out value);
            default:
                value = instruction.GetImmediate(operand);
                return true;
        }
    }

    /// <summary>Writes an operand of 1 to 8 bytes: register or memory.</summary>
    internal bool TryWriteOperand(in Instruction instruction, int operand, ulong value)
    {
        if (instruction.GetOpKind(operand) == OpKind.Memory)
        {
            return TryWriteSized(SegmentOf(instruction), EffectiveAddress(instruction), instruction.MemorySize.GetSize(), value);
        }

        WriteRegister(instruction.GetOpRegister(operand), value);
        return true;
    }

    /// <summary>Reads an operand with a write to follow: a fault reports a write, and the write cannot fault any more.</summary>
    internal bool TryReadOperandForWrite(in Instruction instruction, int operand, out ulong value)
    {
        if (instruction.GetOpKind(operand) == OpKind.Memory)
        {
            SegmentName segment = SegmentOf(instruction);
            ulong offset = EffectiveAddress(instruction);
            int size = instruction.MemorySize.GetSize();
            value = 0;
            return ProbeWrite(segment, offset, size) && TryReadSized(segment, offset, size, out value);
        }

        value = ReadRegister(instruction.GetOpRegister(operand));
        return true;
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes.</summary>
    internal bool TryReadSized(SegmentName segment, ulong offset, int size, out ulong value)
    {
        bool done;
        switch (size)
        {
            case 1:
                done = TryRead(segment, offset, out byte narrow);
                value = narrow;
                return done;
            case 2:
                done = TryRead(segment, offset, out ushort word);
                value = word;
                return done;
            case 4:
                done = TryRead(segment, offset, out uint dword);
                value = dword;
                return done;
            default:
                return TryRead(segment, offset, out value);
        }
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes.</summary>
    internal bool TryWriteSized(SegmentName segment, ulong offset, int size, ulong value) => size switch
    {
        1 => TryWrite(segment, offset, (byte)value),
        2 => TryWrite(segment, offset, (ushort)value),
        4 => TryWrite(segment, offset, (uint)value),
        _ => TryWrite(segment, offset, value),
    };
}
