using Emulator.Core.Execution;

namespace Emulator.Core.Instructions.Sse;

/// <summary>The memory format of x87, SSE and AVX state. SDM Vol. 1, "Legacy Region of an XSAVE Area"; Vol. 2, "FXSAVE".</summary>
/// <remarks>SAFETY: every pointer is to a buffer of <see cref="MaximumBytes"/> bytes of the caller.</remarks>
internal static unsafe class ExtendedStateImage
{
    /// <summary>Bytes of the legacy region.</summary>
    public const int LegacyBytes = 512;

    /// <summary>Bytes of the legacy region and the XSAVE header.</summary>
    public const int HeaderEnd = 576;

    /// <summary>Bytes of the upper halves of YMM0 to YMM15.</summary>
    public const int AvxBytes = 256;

    /// <summary>Bytes of an area with every component.</summary>
    public const int MaximumBytes = HeaderEnd + AvxBytes;

    /// <summary>Bits of MXCSR that exist: MXCSR_MASK.</summary>
    public const uint MxcsrMask = 0xFFFF;

    /// <summary>MXCSR after RESET: all exceptions masked, round to nearest.</summary>
    public const uint MxcsrInitial = 0x1F80;

    /// <summary>Where the XMM registers begin.</summary>
    public const int XmmOffset = 160;

    /// <summary>Where MXCSR is; its mask follows.</summary>
    public const int MxcsrOffset = 24;

    private const int RegistersOffset = 32;
    private const ushort ControlInitial = 0x037F;
    private const ushort ControlWritable = 0x1F3F;
    private const ushort ControlFixed = 0x0040;
    private const ushort ExceptionFlags = 0x3F;
    private const ushort SummaryAndBusy = 0x8080;
    private const int ExponentMask = 0x7FFF;

    /// <summary>Stores bytes 23:0 and 159:32: the x87 state.</summary>
    /// <param name="state">The processor's state.</param>
    /// <param name="image">The area.</param>
    /// <param name="wide">REX.W: 64-bit pointers instead of selector and 32-bit offset.</param>
    public static void StoreX87(ProcessorState* state, byte* image, bool wide)
    {
        *(ushort*)image = state->X87Control;
        *(ushort*)(image + 2) = state->X87Status;
        *(ushort*)(image + 4) = AbridgedTags(state->X87Tag);
        *(ushort*)(image + 6) = state->X87Opcode;
        *(ulong*)(image + 8) = wide
            ? state->X87InstructionPointer
            : (uint)state->X87InstructionPointer | ((ulong)state->X87CodeSelector << 32);
        *(ulong*)(image + 16) = wide ? state->X87DataPointer : (uint)state->X87DataPointer | ((ulong)state->X87DataSelector << 32);
        int top = (state->X87Status >> 11) & 7;
        for (int index = 0; index < 8; index++)
        {
            int physical = (top + index) & 7;
            *(ulong*)(image + RegistersOffset + (16 * index)) = state->X87[2 * physical];
            *(ulong*)(image + RegistersOffset + (16 * index) + 8) = (ushort)state->X87[(2 * physical) + 1];
        }
    }

    /// <summary>Loads the x87 state.</summary>
    public static void LoadX87(ProcessorState* state, byte* image, bool wide)
    {
        state->X87Control = (ushort)((*(ushort*)image & ControlWritable) | ControlFixed);
        ushort status = *(ushort*)(image + 2);
        bool pending = (status & ~state->X87Control & ExceptionFlags) != 0;
        state->X87Status = (ushort)((status & ~SummaryAndBusy) | (pending ? SummaryAndBusy : 0));
        state->X87Opcode = (ushort)(*(ushort*)(image + 6) & 0x7FF);
        state->X87InstructionPointer = wide ? *(ulong*)(image + 8) : *(uint*)(image + 8);
        state->X87DataPointer = wide ? *(ulong*)(image + 16) : *(uint*)(image + 16);
        state->X87CodeSelector = wide ? (ushort)0 : *(ushort*)(image + 12);
        state->X87DataSelector = wide ? (ushort)0 : *(ushort*)(image + 20);
        int top = (status >> 11) & 7;
        int tags = 0;
        for (int index = 0; index < 8; index++)
        {
            int physical = (top + index) & 7;
            ulong significand = *(ulong*)(image + RegistersOffset + (16 * index));
            ushort signAndExponent = *(ushort*)(image + RegistersOffset + (16 * index) + 8);
            state->X87[2 * physical] = significand;
            state->X87[(2 * physical) + 1] = signAndExponent;
            bool empty = (image[4] & (1 << physical)) == 0;
            tags |= (empty ? 3 : Classify(significand, signAndExponent)) << (2 * physical);
        }

        state->X87Tag = (ushort)tags;
    }

    /// <summary>FNINIT's state with cleared registers. SDM Vol. 1, "x87 State" (of XSAVE).</summary>
    public static void InitializeX87(ProcessorState* state)
    {
        state->X87Control = ControlInitial;
        state->X87Status = 0;
        state->X87Tag = 0xFFFF;
        state->X87Opcode = 0;
        state->X87CodeSelector = 0;
        state->X87DataSelector = 0;
        state->X87InstructionPointer = 0;
        state->X87DataPointer = 0;
        new Span<ulong>(state->X87, 16).Clear();
    }

    /// <summary>Whether the x87 state differs from its initial configuration.</summary>
    public static bool IsX87InUse(ProcessorState* state)
        => state->X87Control != ControlInitial || state->X87Status != 0 || state->X87Tag != 0xFFFF || state->X87Opcode != 0
            || (state->X87InstructionPointer | state->X87DataPointer) != 0
            || (state->X87CodeSelector | state->X87DataSelector) != 0
            || new ReadOnlySpan<ulong>(state->X87, 16).ContainsAnyExcept(0UL);

    /// <summary>Stores MXCSR and MXCSR_MASK.</summary>
    public static void StoreMxcsr(ProcessorState* state, byte* image)
    {
        *(uint*)(image + MxcsrOffset) = state->Mxcsr;
        *(uint*)(image + MxcsrOffset + 4) = MxcsrMask;
    }

    /// <summary>Stores part of the vector registers: 16 bytes of each from byte <paramref name="part"/> on.</summary>
    public static void StoreVectors(ProcessorState* state, byte* image, int count, int part)
    {
        for (int index = 0; index < count; index++)
        {
            byte* register = (byte*)state->Vectors + (64 * index) + part;
            *(ulong*)(image + (16 * index)) = *(ulong*)register;
            *(ulong*)(image + (16 * index) + 8) = *(ulong*)(register + 8);
        }
    }

    /// <summary>Loads part of the vector registers; a null image clears.</summary>
    public static void LoadVectors(ProcessorState* state, byte* image, int count, int part)
    {
        for (int index = 0; index < count; index++)
        {
            byte* register = (byte*)state->Vectors + (64 * index) + part;
            *(ulong*)register = image == null ? 0 : *(ulong*)(image + (16 * index));
            *(ulong*)(register + 8) = image == null ? 0 : *(ulong*)(image + (16 * index) + 8);
        }
    }

    /// <summary>Whether any of these parts of the vector registers is not 0.</summary>
    public static bool AreVectorsInUse(ProcessorState* state, int count, int part)
    {
        ulong any = 0;
        for (int index = 0; index < count; index++)
        {
            byte* register = (byte*)state->Vectors + (64 * index) + part;
            any |= *(ulong*)register | *(ulong*)(register + 8);
        }

        return any != 0;
    }

    /// <summary>One bit for each physical register: 1 when it is not empty.</summary>
    private static byte AbridgedTags(ushort tags)
    {
        int abridged = 0;
        for (int index = 0; index < 8; index++)
        {
            if (((tags >> (2 * index)) & 3) != 3) abridged |= 1 << index;
        }

        return (byte)abridged;
    }

    /// <summary>The full tag of a register that is not empty: 0 valid, 1 zero, 2 special.</summary>
    private static int Classify(ulong significand, ushort signAndExponent)
    {
        int exponent = signAndExponent & ExponentMask;
        if (exponent == 0 && significand == 0) return 1;
        return exponent is 0 or ExponentMask || (long)significand >= 0 ? 2 : 0;
    }
}
