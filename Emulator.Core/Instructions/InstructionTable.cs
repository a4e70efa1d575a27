using Emulator.Core.Execution;

namespace Emulator.Core.Instructions;

/// <summary>All complex instructions, by family. Simple ones (registers, memory, flags) are the decoder's own families.</summary>
internal static class InstructionTable
{
    /// <summary>Every row of every family.</summary>
    public static IEnumerable<InstructionRow> All =>
    [
        .. Identification.Rows,
    ];
}
