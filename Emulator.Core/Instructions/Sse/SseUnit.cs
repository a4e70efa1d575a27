using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Instructions.Sse;

/// <summary>Whether the SSE and MMX units may be used now. SDM Vol. 3A, "Providing Operating System Support for SSE".</summary>
internal static unsafe class SseUnit
{
    private const ushort PendingX87Exception = 1 << 7;

    /// <summary>SSE state: #UD for CR0.EM or without CR4.OSFXSR, then #NM for CR0.TS.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsUsable(Processor cpu, ProcessorState* state)
    {
        const ulong disabling = ControlRegisters.Cr0EM | ControlRegisters.Cr0TS;
        return ((state->Cr0 & disabling) | (~state->Cr4 & ControlRegisters.Cr4OSFXSR)) == 0 || RaiseSse(cpu, state);
    }

    /// <summary>MMX state: #UD for CR0.EM, #NM for CR0.TS, #MF for an x87 exception that waits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsMmxUsable(Processor cpu, ProcessorState* state)
    {
        const ulong disabling = ControlRegisters.Cr0EM | ControlRegisters.Cr0TS;
        bool usable = (state->Cr0 & disabling) == 0 && (state->X87Status & PendingX87Exception) == 0;
        return usable || RaiseMmx(cpu, state);
    }

    private static bool RaiseSse(Processor cpu, ProcessorState* state)
    {
        bool undefined = (state->Cr0 & ControlRegisters.Cr0EM) != 0 || (state->Cr4 & ControlRegisters.Cr4OSFXSR) == 0;
        return undefined
            ? cpu.RaiseInvalidOpcode(FaultCause.UnitDisabled)
            : cpu.Raise(ExceptionVector.DeviceNotAvailable, FaultCause.UnitDisabled);
    }

    private static bool RaiseMmx(Processor cpu, ProcessorState* state)
    {
        if ((state->Cr0 & ControlRegisters.Cr0EM) != 0) return cpu.RaiseInvalidOpcode(FaultCause.UnitDisabled);
        return (state->Cr0 & ControlRegisters.Cr0TS) != 0
            ? cpu.Raise(ExceptionVector.DeviceNotAvailable, FaultCause.UnitDisabled)
            : cpu.Raise(ExceptionVector.MathFault, FaultCause.Numeric);
    }
}
