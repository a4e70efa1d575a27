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
internal enum Lock
{
    /// <summary>#UD.</summary>
    InvalidOpcode,

    /// <summary>Allowed when the destination is memory.</summary>
    Allowed,
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
    public Lock Lock { get; init; } = Lock.InvalidOpcode;

    /// <summary>
    /// True when the row is for the forms with XMM registers of a mnemonic that a string instruction also has
    /// (MOVSD, CMPSD).
    /// </summary>
    public bool IsVectorForm { get; init; }

    /// <summary>Makes a row for <typeparamref name="T"/>.</summary>
    public static InstructionRow Of<T>(Mnemonic mnemonic, Ends ends = Ends.Nothing, Lock lockPrefix = Lock.InvalidOpcode)
        where T : struct, IInstruction
        => ends == Ends.Block
            ? new InstructionRow(mnemonic, &Interpreter.ComplexHandler<T>.EndOfBlock, ends) { Lock = lockPrefix }
            : new InstructionRow(mnemonic, &Interpreter.ComplexHandler<T>.Straight, ends) { Lock = lockPrefix };

    /// <summary>Makes a row for the vector forms of a shared mnemonic.</summary>
    public static InstructionRow VectorForm<T>(Mnemonic mnemonic)
        where T : struct, IInstruction
        => new(mnemonic, &Interpreter.ComplexHandler<T>.Straight, Ends.Nothing) { IsVectorForm = true };
}
