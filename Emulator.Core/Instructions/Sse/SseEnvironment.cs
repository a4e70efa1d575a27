using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Instructions.Sse;

/// <summary>Exception flags as they stand in MXCSR[5:0]; the masks are seven bits up.</summary>
[Flags]
internal enum SseExceptions : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>IE.</summary>
    Invalid = 1 << 0,

    /// <summary>DE.</summary>
    Denormal = 1 << 1,

    /// <summary>ZE.</summary>
    DivideByZero = 1 << 2,

    /// <summary>OE.</summary>
    Overflow = 1 << 3,

    /// <summary>UE.</summary>
    Underflow = 1 << 4,

    /// <summary>PE.</summary>
    Precision = 1 << 5,
}

/// <summary>MXCSR.RC. SDM Vol. 1, "Rounding Control (RC) Field".</summary>
internal enum SseRounding : uint
{
    /// <summary>To the nearest, ties to even.</summary>
    Nearest = 0,

    /// <summary>Toward minus infinity.</summary>
    Down = 1,

    /// <summary>Toward plus infinity.</summary>
    Up = 2,

    /// <summary>Toward zero.</summary>
    Zero = 3,
}

/// <summary>MXCSR in effect during one instruction, and the exceptions that its elements run into.</summary>
/// <param name="mxcsr">MXCSR before the instruction.</param>
internal struct SseEnvironment(uint mxcsr)
{
    private const uint DenormalsAreZeroBit = 1 << 6;
    private const uint FlushToZeroBit = 1 << 15;
    private const int MaskShift = 7;
    private const int RoundingShift = 13;
    private const uint AllMasked = 0x3F << MaskShift;

    // What the host's own arithmetic assumes: all masked, nearest, no DAZ, no FTZ.
    private const uint HostControl = AllMasked | DenormalsAreZeroBit | FlushToZeroBit | (3u << RoundingShift);

    private const SseExceptions PreComputation = SseExceptions.Invalid | SseExceptions.Denormal | SseExceptions.DivideByZero;

    private readonly uint _mxcsr = mxcsr;

    /// <summary>Exceptions so far, over all elements.</summary>
    public SseExceptions Raised;

    /// <summary>RC.</summary>
    public SseRounding Rounding = (SseRounding)((mxcsr >> RoundingShift) & 3);

    /// <summary>DAZ.</summary>
    public readonly bool DenormalsAreZero => (_mxcsr & DenormalsAreZeroBit) != 0;

    /// <summary>FTZ, which counts only while underflow is masked.</summary>
    public readonly bool FlushesToZero => (_mxcsr & FlushToZeroBit) != 0 && IsMasked(SseExceptions.Underflow);

    /// <summary>True when host arithmetic gives the right values, exception flags apart.</summary>
    public readonly bool IsHostLike => (_mxcsr & HostControl) == AllMasked;

    /// <summary>Whether the exception is masked.</summary>
    public readonly bool IsMasked(SseExceptions exception) => (_mxcsr & ((uint)exception << MaskShift)) != 0;

    /// <summary>PE is set already, so that another inexact result changes nothing.</summary>
    public readonly bool HasPrecisionFlag => (_mxcsr & (uint)SseExceptions.Precision) != 0;

    /// <summary>
    /// Updates MXCSR; false when an unmasked exception is pending instead of a result. With one among those that come
    /// before the computation, those after it are not looked for. SDM Vol. 1, "Handling Unmasked Exceptions".
    /// </summary>
    public readonly unsafe bool TryComplete(Processor cpu, ProcessorState* state)
    {
        if (Raised == SseExceptions.None) return true;
        SseExceptions masks = (SseExceptions)(_mxcsr >> MaskShift);
        SseExceptions visible = (Raised & PreComputation & ~masks) != 0 ? Raised & PreComputation : Raised;
        state->Mxcsr = _mxcsr | (uint)visible;
        if ((visible & ~masks) == 0) return true;
        return (state->Cr4 & ControlRegisters.Cr4OSXMMEXCPT) != 0
            ? cpu.Raise(ExceptionVector.SimdFault, FaultCause.Numeric)
            : cpu.RaiseInvalidOpcode(FaultCause.Numeric);
    }
}
