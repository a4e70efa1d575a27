using System.Runtime.CompilerServices;
using Iced.Intel;

namespace Emulator.Core.Execution;

/// <summary>Whether the instruction after this one is found by fall-through.</summary>
internal enum Ends
{
    /// <summary>Execution goes on with the next instruction of the block.</summary>
    Nothing,

    /// <summary>The block ends: RIP, the execution mode or pending events may have changed.</summary>
    Block,
}

/// <summary>Whether a LOCK prefix is legal (with a memory destination).</summary>
internal enum LockRule
{
    /// <summary>#UD.</summary>
    InvalidOpcode,

    /// <summary>Allowed when the destination is memory.</summary>
    Allowed,
}

/// <summary>A mnemonic can name instructions that differ in kind.</summary>
internal enum RowForm
{
    /// <summary>All forms that no other row is for.</summary>
    Plain,

    /// <summary>With XMM registers, of a mnemonic that a string instruction also has (MOVSD, CMPSD).</summary>
    Vector,

    /// <summary>With a segment, control or debug register (MOV, POP).</summary>
    System,
}

/// <summary>A complex instruction: mnemonic, meaning, what it reads and writes of the flags, where execution goes on.</summary>
internal sealed unsafe class InstructionRow
{
    private InstructionRow(Mnemonic mnemonic, delegate*<ProcessorState*, Operation*, long, long> handler, Ends ends)
    {
        Mnemonic = mnemonic;
        Handler = handler;
        Ends = ends;
    }

    /// <summary>Which instructions the row is for.</summary>
    public Mnemonic Mnemonic { get; }

    /// <summary>The handler that calls the meaning.</summary>
    public delegate*<ProcessorState*, Operation*, long, long> Handler { get; }

    /// <summary>Where execution goes on.</summary>
    public Ends Ends { get; }

    /// <summary>Whether LOCK is legal.</summary>
    public LockRule Lock { get; init; } = LockRule.InvalidOpcode;

    /// <summary>Which forms of the mnemonic the row is for.</summary>
    public RowForm Form { get; init; }

    /// <summary>Makes a row for <typeparamref name="T"/>.</summary>
    public static InstructionRow Of<T>(Mnemonic mnemonic, Ends ends = Ends.Nothing, LockRule lockPrefix = LockRule.InvalidOpcode)
        where T : struct, IInstruction
        => ends == Ends.Block
            ? new InstructionRow(mnemonic, &Interpreter.ComplexHandler<T>.EndOfBlock, ends) { Lock = lockPrefix }
            : new InstructionRow(mnemonic, &Interpreter.ComplexHandler<T>.Straight, ends) { Lock = lockPrefix };

    /// <summary>Makes a row for the vector forms of a shared mnemonic.</summary>
    public static InstructionRow VectorForm<T>(Mnemonic mnemonic)
        where T : struct, IInstruction
        => new(mnemonic, &Interpreter.ComplexHandler<T>.Straight, Ends.Nothing) { Form = RowForm.Vector };

    /// <summary>Makes a row for the forms with a segment, control or debug register; they end their block.</summary>
    public static InstructionRow SystemForm<T>(Mnemonic mnemonic)
        where T : struct, IInstruction
        => new(mnemonic, &Interpreter.ComplexHandler<T>.EndOfBlock, Ends.Block) { Form = RowForm.System };
}
