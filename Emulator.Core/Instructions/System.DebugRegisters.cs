using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 2, "MOV—Move to/from Debug Registers"; Vol. 3B, "Debug Registers".</summary>
internal static unsafe class DebugRegisterInstructions
{
    private const ulong GeneralDetect = 1UL << 13;
    private const ulong Dr6Fixed = 0xFFFF_0FF0;
    private const ulong Dr7Fixed = 1UL << 10;
    private const ulong Dr7Cleared = 0xDC00 & ~(1UL << 13);

    /// <summary>MOV r, DRn.</summary>
    public static bool Read(Processor cpu, ProcessorState* state, Register from, Register to)
    {
        if (!TryNumber(cpu, state, from, out int number)) return false;
        cpu.WriteRegister(to, state->Dr[number]);
        return true;
    }

    /// <summary>MOV DRn, r.</summary>
    public static bool Write(Processor cpu, ProcessorState* state, Register to, ulong value)
    {
        if (!TryNumber(cpu, state, to, out int number)) return false;
        if (number >= 6 && cpu.Is64Bit && value >> 32 != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
        state->Dr[number] = number switch
        {
            6 => (value & 0xE00F) | Dr6Fixed,
            7 => ((uint)value & ~Dr7Cleared) | Dr7Fixed,
            _ => value,
        };
        cpu.UpdateBreakpoints();
        return true;
    }

    private static bool TryNumber(Processor cpu, ProcessorState* state, Register register, out int number)
    {
        number = register - Register.DR0;
        if (number > 7) return cpu.RaiseInvalidOpcode();
        if (number is 4 or 5)
        {
            // DR4 and DR5 are aliases of DR6 and DR7 unless debug extensions are on.
            if ((state->Cr4 & ControlRegisters.Cr4DE) != 0) return cpu.RaiseInvalidOpcode();
            number += 2;
        }

        if (!cpu.RequireSupervisor()) return false;
        return (state->Dr[7] & GeneralDetect) == 0 || cpu.RaiseDebug(GeneralDetect);
    }
}
