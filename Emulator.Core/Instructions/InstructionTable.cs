using Emulator.Core.Execution;
using Emulator.Core.Instructions.Sse;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>All complex instructions, by family. Simple ones (registers, memory, flags) are the decoder's own families.</summary>
internal static class InstructionTable
{
    /// <summary>Every row of every family.</summary>
    public static IEnumerable<InstructionRow> All =>
    [
        .. Identification.Rows,
        .. SseMoves.Rows,
        .. SseExtract.Rows,
        .. SseIntegerArithmetic.Rows,
        .. SseShuffle.Rows,
        .. SseFloatArithmetic.Rows,
        .. SseConversions.Rows,
        .. SseHorizontal.Rows,
        .. Sse41.Rows,
        .. SseStrings.Rows,
        .. SseCryptography.Rows,
        .. ExtendedState.Rows,
    ];

    private static readonly InstructionRow?[] ByMnemonic = Index(isVectorForm: false);

    private static readonly InstructionRow?[] VectorForms = Index(isVectorForm: true);

    /// <summary>The row for a decoded instruction, or null when there is none.</summary>
    public static InstructionRow? Find(in Instruction instruction)
    {
        int mnemonic = (int)instruction.Mnemonic;
        bool hasVectors = instruction.Op0Register.IsXMM() || instruction.Op1Register.IsXMM();
        return (hasVectors ? VectorForms[mnemonic] : null) ?? ByMnemonic[mnemonic];
    }

    private static InstructionRow?[] Index(bool isVectorForm)
    {
        var index = new InstructionRow?[Enum.GetValues<Mnemonic>().Length];
        foreach (InstructionRow row in All)
        {
            if (row.IsVectorForm == isVectorForm) index[(int)row.Mnemonic] = row;
        }

        return index;
    }
}
