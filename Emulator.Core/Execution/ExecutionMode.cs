namespace Emulator.Core.Execution;

/// <summary>Everything that decoding a block depends on; half of the key of a decoded block.</summary>
/// <remarks>Bits 31:16 are the extension's digest of the controls that intercept instructions.</remarks>
[Flags]
public enum ExecutionMode : uint
{
    /// <summary>Real mode: 16-bit code, 16-bit stack, CPL 0.</summary>
    Real = 0,

    /// <summary>CS.D: 32-bit code (with <see cref="Code64"/> clear).</summary>
    Code32 = 1 << 0,

    /// <summary>64-bit mode.</summary>
    Code64 = 1 << 1,

    /// <summary>SS.B: the stack pointer is ESP (RSP in 64-bit mode).</summary>
    Stack32 = 1 << 2,

    /// <summary>CPL is 3.</summary>
    User = 1 << 3,

    /// <summary>CR0.PE.</summary>
    Protected = 1 << 4,

    /// <summary>RFLAGS.VM.</summary>
    Virtual8086 = 1 << 5,

    /// <summary>CR0.TS.</summary>
    TaskSwitched = 1 << 6,

    /// <summary>CR0.EM.</summary>
    FpuEmulation = 1 << 7,

    /// <summary>CR4.OSFXSR.</summary>
    OsFxsr = 1 << 8,

    /// <summary>CR4.OSXSAVE.</summary>
    OsXsave = 1 << 9,

    /// <summary>CS is page-aligned and reaches to 4 GiB: no instruction fetch can exceed its limit.</summary>
    FlatCode = 1 << 10,

    /// <summary>Blocks of one instruction: single-step, interrupt shadows, the end of a budget.</summary>
    OneInstruction = 1 << 11,

    /// <summary>VMX non-root operation.</summary>
    NonRoot = 1 << 12,

    /// <summary>EFER.LMA: IA-32e mode (64-bit or compatibility).</summary>
    LongMode = 1 << 13,
}
