namespace Emulator.Core.Execution;

/// <summary>Bits of RFLAGS. SDM Vol. 1, "EFLAGS Register".</summary>
[Flags]
public enum Rflags : uint
{
#pragma warning disable CS1591 // The names are the SDM's.
    None = 0,
    CF = 1 << 0,
    Fixed = 1 << 1,
    PF = 1 << 2,
    AF = 1 << 4,
    ZF = 1 << 6,
    SF = 1 << 7,
    TF = 1 << 8,
    IF = 1 << 9,
    DF = 1 << 10,
    OF = 1 << 11,
    IOPL = 3 << 12,
    NT = 1 << 14,
    RF = 1 << 16,
    VM = 1 << 17,
    AC = 1 << 18,
    VIF = 1 << 19,
    VIP = 1 << 20,
    ID = 1 << 21,
    Status = CF | PF | AF | ZF | SF | OF,
    All = Status | Fixed | TF | IF | DF | IOPL | NT | RF | VM | AC | VIF | VIP | ID,
#pragma warning restore CS1591
}
