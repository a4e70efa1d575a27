using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "EFLAGS Condition Codes".</summary>
public static class Conditions
{
    /// <summary>Whether a condition holds for the flags.</summary>
    public static bool Holds(ConditionCode condition, LazyFlags flags) => condition switch
    {
        ConditionCode.o => flags.OF,
        ConditionCode.no => !flags.OF,
        ConditionCode.b => flags.CF,
        ConditionCode.ae => !flags.CF,
        ConditionCode.e => flags.ZF,
        ConditionCode.ne => !flags.ZF,
        ConditionCode.be => flags.CF | flags.ZF,
        ConditionCode.a => !(flags.CF | flags.ZF),
        ConditionCode.s => flags.SF,
        ConditionCode.ns => !flags.SF,
        ConditionCode.p => flags.PF,
        ConditionCode.np => !flags.PF,
        ConditionCode.l => flags.Less,
        ConditionCode.ge => !flags.Less,
        ConditionCode.le => flags.Less | flags.ZF,
        _ => !(flags.Less | flags.ZF),
    };
}
