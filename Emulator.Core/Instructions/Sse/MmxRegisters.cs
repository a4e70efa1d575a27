using System.Runtime.CompilerServices;
using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions.Sse;

/// <summary>MM0 to MM7: the significands of the physical x87 registers. SDM Vol. 3A, "MMX State".</summary>
internal static unsafe class MmxRegisters
{
    private const ushort TopOfStack = 7 << 11;
    private const ulong SignAndExponent = 0xFFFF;

    /// <summary>The value of MMn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(ProcessorState* state, Register register) => state->X87[2 * ((register - Register.MM0) & 7)];

    /// <summary>Writes MMn; sign and exponent of the x87 register become all ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ProcessorState* state, Register register, ulong value)
    {
        int index = (register - Register.MM0) & 7;
        state->X87[2 * index] = value;
        state->X87[(2 * index) + 1] = SignAndExponent;
    }

    /// <summary>What every MMX instruction but EMMS does to the x87 state: TOP is 0, all registers are valid.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Enter(ProcessorState* state)
    {
        state->X87Status = (ushort)(state->X87Status & ~TopOfStack);
        state->X87Tag = 0;
    }

    /// <summary>EMMS: TOP is 0, all registers are empty.</summary>
    public static void Leave(ProcessorState* state)
    {
        state->X87Status = (ushort)(state->X87Status & ~TopOfStack);
        state->X87Tag = 0xFFFF;
    }
}
