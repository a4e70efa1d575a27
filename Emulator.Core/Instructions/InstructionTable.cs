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
        .. Miscellaneous.Rows,
        .. CpuIdentification.Rows,
        .. Moves.Rows,
        .. NearTransfers.Rows,
        .. InterruptReturn.Rows,
        .. SoftwareInterrupts.Rows,
        .. FastCalls.Rows,
        .. FlagControl.Rows,
        .. SegmentInstructions.Rows,
        .. ControlRegisterInstructions.Rows,
        .. ModelSpecificRegisters.Rows,
        .. PortIo.Rows,
        .. IntegerInstructions.Rows,
        .. MultiplyDivide.Rows,
        .. BitInstructions.Rows,
        .. StringInstructions.Rows,
        .. X87Control.Rows,
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

    private static readonly InstructionRow?[] ByMnemonic = Index(RowForm.Plain);

    private static readonly InstructionRow?[] VectorForms = Index(RowForm.Vector);

    private static readonly InstructionRow?[] SystemForms = Index(RowForm.System);

    /// <summary>The row for a decoded instruction, or null when there is none.</summary>
    public static InstructionRow? Find(in Instruction instruction)
    {
        int mnemonic = (int)instruction.Mnemonic;
        Register first = instruction.Op0Register;
        Register second = instruction.Op1Register;
        if ((first.IsXMM() || second.IsXMM()) && VectorForms[mnemonic] is { } vectorForm) return vectorForm;
        if (IsSystem(first) || IsSystem(second)) return SystemForms[mnemonic] ?? ByMnemonic[mnemonic];
        return ByMnemonic[mnemonic];
    }

    private static bool IsSystem(Register register)
        => register.IsSegmentRegister() || register.IsCR() || register.IsDR() || register.IsTR();

    private static InstructionRow?[] Index(RowForm form)
    {
        var index = new InstructionRow?[Enum.GetValues<Mnemonic>().Length];
        foreach (InstructionRow row in All)
        {
            if (row.Form == form) index[(int)row.Mnemonic] = row;
        }

        return index;
    }
}
