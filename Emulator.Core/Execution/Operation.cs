using System.Runtime.InteropServices;

namespace Emulator.Core.Execution;

/// <summary>One decoded instruction, or half of a fused pair: what a handler needs, in one cache line.</summary>
/// <remarks>Register operands are byte offsets into <see cref="ProcessorState"/>, so that AH needs no case of its own.</remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
public unsafe struct Operation
{
    /// <summary>Executes this operation and, by a tail call, those that follow.</summary>
    public delegate*<ProcessorState*, Operation*, long, long> Handler;

    /// <summary>Immediate operand; of a branch: the target's offset from the page that holds the branch.</summary>
    public long Immediate;

    /// <summary>Displacement of the memory operand; of a complex instruction: its decoded form.</summary>
    public long Displacement;

    /// <summary>First operation of the successor in the same page, once it is known.</summary>
    public Operation* Link;

    /// <summary>Like <see cref="Link"/>, for the branch that is not taken.</summary>
    public Operation* FallThrough;

    /// <summary>State offset of the destination register.</summary>
    public ushort Destination;

    /// <summary>State offset of the source register.</summary>
    public ushort Source;

    /// <summary>State offset of the base register; of a zero when there is none.</summary>
    public ushort Base;

    /// <summary>State offset of the index register; of a zero when there is none.</summary>
    public ushort Index;

    /// <summary>Left shift of the index.</summary>
    public byte Scale;

    /// <summary>Bytes of the instruction.</summary>
    public byte Length;

    /// <summary>Offset of the first byte in its page.</summary>
    public ushort PageOffset;

    /// <summary>Instructions of the block before this one.</summary>
    public ushort InstructionIndex;

    /// <summary>Instructions in the whole block.</summary>
    public ushort BlockInstructions;

    /// <summary>State offset of the segment register.</summary>
    public ushort Segment;

    /// <summary>State offset of a third register, or another small parameter of the handler.</summary>
    public ushort Third;
}
