using Iced.Intel;

namespace Emulator.Core.Decoding;

/// <summary>Which status flags nobody can see any more. Flags are bits of <see cref="RflagsBits"/>.</summary>
internal static class FlagLiveness
{
    private const uint Status = (uint)(RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF);

    /// <summary>Whether all that an instruction writes is dead after it.</summary>
    public static bool AreDead(in Instruction instruction, uint deadAfter)
    {
        uint written = (uint)instruction.RflagsModified & Status;
        return written != 0 && (written & ~deadAfter) == 0;
    }

    /// <summary>What is dead before an instruction, from what is dead after it.</summary>
    public static uint Before(in Instruction instruction, uint deadAfter)
    {
        // Whatever can fault, exit or look around shows RFLAGS as they are: everything is alive before it.
        if (!IsPlain(in instruction)) return 0;
        uint written = (uint)(instruction.RflagsWritten | instruction.RflagsCleared | instruction.RflagsSet | instruction.RflagsUndefined) & Status;

        // A shift by CL, or by a count that may be 0, keeps the flags: it overwrites nothing for certain.
        if (instruction.Mnemonic is Mnemonic.Shl or Mnemonic.Shr or Mnemonic.Sar or Mnemonic.Sal or Mnemonic.Rol or Mnemonic.Ror) written = 0;
        return (deadAfter | written) & ~(uint)instruction.RflagsRead & Status;
    }

    private static bool IsPlain(in Instruction instruction)
    {
        if (instruction.Code == Code.INVALID) return false;
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            bool isRegister = kind == OpKind.Register && instruction.GetOpRegister(i).IsGPR();
            if (!isRegister && kind is < OpKind.Immediate8 or > OpKind.Immediate32to64 && instruction.Mnemonic != Mnemonic.Lea) return false;
        }

        return instruction.Mnemonic is Mnemonic.Mov or Mnemonic.Add or Mnemonic.Adc or Mnemonic.Sub or Mnemonic.Sbb or Mnemonic.And
            or Mnemonic.Or or Mnemonic.Xor or Mnemonic.Cmp or Mnemonic.Test or Mnemonic.Inc or Mnemonic.Dec or Mnemonic.Neg
            or Mnemonic.Not or Mnemonic.Lea or Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Movsxd or Mnemonic.Shl or Mnemonic.Shr
            or Mnemonic.Sar or Mnemonic.Sal or Mnemonic.Rol or Mnemonic.Ror or Mnemonic.Imul;
    }
}
