using Emulator.Core.Execution;
using Emulator.Core.Memory;
using Iced.Intel;
using static Emulator.Core.Instructions.Sse.ExtendedStateImage;

namespace Emulator.Core.Instructions.Sse;

/// <summary>The XSAVE feature set. SDM Vol. 1, "Managing State Using the XSAVE Feature Set".</summary>
internal static unsafe partial class ExtendedState
{
    private const ulong X87Component = 1 << 0;
    private const ulong SseComponent = 1 << 1;
    private const ulong AvxComponent = 1 << 2;

    /// <summary>Components that this model can save: what XCR0 may hold.</summary>
    internal const ulong SupportedComponents = X87Component | SseComponent | AvxComponent;

    private const ulong CompactedBit = 1UL << 63;
    private const uint AreaAlignment = 64;

    private interface ISaveForm
    {
        /// <summary>The compacted format.</summary>
        static abstract bool IsCompacted { get; }

        /// <summary>Components in their initial configuration are not written.</summary>
        static abstract bool SkipsInitial { get; }

        /// <summary>CPL 0 only; IA32_XSS takes part.</summary>
        static abstract bool IsSupervisor { get; }
    }

    private readonly struct Standard : ISaveForm
    {
        public static bool IsCompacted => false;

        public static bool SkipsInitial => false;

        public static bool IsSupervisor => false;
    }

    private readonly struct Optimized : ISaveForm
    {
        public static bool IsCompacted => false;

        public static bool SkipsInitial => true;

        public static bool IsSupervisor => false;
    }

    private readonly struct Compacted : ISaveForm
    {
        public static bool IsCompacted => true;

        public static bool SkipsInitial => true;

        public static bool IsSupervisor => false;
    }

    private readonly struct Supervisor : ISaveForm
    {
        public static bool IsCompacted => true;

        public static bool SkipsInitial => true;

        public static bool IsSupervisor => true;
    }

    /// <summary>SDM Vol. 2, "XSAVE", "XSAVEOPT", "XSAVEC", "XSAVES". The modified optimization is not used.</summary>
    private readonly struct XSave<TPointers, TForm> : IInstruction
        where TPointers : IPointerForm
        where TForm : ISaveForm
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsXsaveAvailable(cpu, state, TForm.IsSupervisor)) return false;
            ulong requested = RequestedComponents(state, TForm.IsSupervisor);
            ulong inUse = ComponentsInUse(state);
            int size = (requested & AvxComponent) != 0 ? MaximumBytes : HeaderEnd;
            if (!TryLocate(cpu, in instruction, size, AreaAlignment, AccessKind.Write, out SegmentName segment, out ulong offset, out ulong linear)) return false;
            if (!cpu.ProbeWrite(segment, offset, size)) return false;
            ulong oldHeader = 0;
            if (!TForm.IsCompacted && !cpu.TryReadBytes(linear + LegacyBytes, (byte*)&oldHeader, sizeof(ulong), cpu.CurrentPrivilege)) return false;

            byte* image = stackalloc byte[MaximumBytes];
            ulong written = TForm.SkipsInitial ? requested & inUse : requested;
            Store(state, image, written, requested, TPointers.IsWide, TForm.IsCompacted);
            ulong* header = (ulong*)(image + LegacyBytes);
            header[0] = TForm.IsCompacted ? requested & inUse : (oldHeader & ~requested) | (requested & inUse);
            header[1] = requested | CompactedBit;
            return TryWriteParts(cpu, state, linear, image, written, requested, TForm.IsCompacted);
        }
    }

    /// <summary>SDM Vol. 2, "XRSTOR—Restore Processor Extended States", "XRSTORS".</summary>
    private readonly struct XRestore<TPointers, TForm> : IInstruction
        where TPointers : IPointerForm
        where TForm : ISaveForm
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsXsaveAvailable(cpu, state, TForm.IsSupervisor)) return false;
            ulong enabled = EnabledComponents(state, TForm.IsSupervisor);
            ulong requested = RequestedComponents(state, TForm.IsSupervisor);
            int size = (requested & AvxComponent) != 0 ? MaximumBytes : HeaderEnd;
            byte* image = stackalloc byte[MaximumBytes];
            if (!TryLocate(cpu, in instruction, size, AreaAlignment, AccessKind.Read, out _, out _, out ulong linear)) return false;
            if (!cpu.TryReadBytes(linear, image, size, cpu.CurrentPrivilege)) return false;
            ulong* header = (ulong*)(image + LegacyBytes);
            bool isCompacted = (header[1] & CompactedBit) != 0;
            if (!IsHeaderValid(header, enabled, isCompacted, TForm.IsSupervisor)) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);

            ulong present = header[0];
            bool loadsMxcsr = isCompacted
                ? (requested & present & SseComponent) != 0
                : (requested & (SseComponent | AvxComponent)) != 0;
            uint mxcsr = *(uint*)(image + MxcsrOffset);
            if (loadsMxcsr && (mxcsr & ~MxcsrMask) != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
            if (loadsMxcsr) state->Mxcsr = mxcsr;
            else if ((requested & SseComponent) != 0) state->Mxcsr = MxcsrInitial;
            Load(state, image, requested, present, TPointers.IsWide);
            return true;
        }
    }

    /// <summary>XCR0 and, for the supervisor forms, IA32_XSS.</summary>
    private static ulong EnabledComponents(ProcessorState* state, bool isSupervisor)
        => (state->Xcr0 | (isSupervisor ? state->Xss : 0)) & SupportedComponents;

    /// <summary>RFBM: enabled components that EDX:EAX asks for.</summary>
    private static ulong RequestedComponents(ProcessorState* state, bool isSupervisor)
    {
        ulong mask = (uint)state->Gpr[0] | (state->Gpr[2] << 32);
        return EnabledComponents(state, isSupervisor) & mask;
    }

    /// <summary>XINUSE. MXCSR counts as SSE state here, so that both formats restore it.</summary>
    internal static ulong ComponentsInUse(ProcessorState* state)
    {
        ulong inUse = 0;
        int registers = VectorRegisters(state);
        if (IsX87InUse(state)) inUse |= X87Component;
        if (state->Mxcsr != MxcsrInitial || AreVectorsInUse(state, registers, part: 0)) inUse |= SseComponent;
        if (AreVectorsInUse(state, registers, part: 16)) inUse |= AvxComponent;
        return inUse;
    }

    private static bool IsXsaveAvailable(Processor cpu, ProcessorState* state, bool isSupervisor)
    {
        if ((state->Cr4 & ControlRegisters.Cr4OSXSAVE) == 0) return cpu.RaiseInvalidOpcode(FaultCause.UnitDisabled);
        if (isSupervisor && state->Cpl != 0) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
        return (state->Cr0 & ControlRegisters.Cr0TS) == 0 || cpu.Raise(ExceptionVector.DeviceNotAvailable, FaultCause.UnitDisabled);
    }

    private static void Store(ProcessorState* state, byte* image, ulong written, ulong requested, bool wide, bool isCompacted)
    {
        int registers = VectorRegisters(state);
        if ((written & X87Component) != 0) StoreX87(state, image, wide);
        if (SavesMxcsr(written, requested, isCompacted)) StoreMxcsr(state, image);
        if ((written & SseComponent) != 0) StoreVectors(state, image + XmmOffset, registers, part: 0);
        if ((written & AvxComponent) != 0) StoreVectors(state, image + HeaderEnd, registers, part: 16);
    }

    private static bool SavesMxcsr(ulong written, ulong requested, bool isCompacted)
        => isCompacted ? (written & SseComponent) != 0 : (requested & (SseComponent | AvxComponent)) != 0;

    /// <summary>Writes what was stored, and nothing between: parts of the area that are not saved keep their bytes.</summary>
    private static bool TryWriteParts(
        Processor cpu, ProcessorState* state, ulong linear, byte* image, ulong written, ulong requested, bool isCompacted)
    {
        const int x87Registers = 32;
        int vectors = 16 * VectorRegisters(state);
        bool x87 = (written & X87Component) != 0;
        return Part(x87, 0, MxcsrOffset)
            && Part(SavesMxcsr(written, requested, isCompacted), MxcsrOffset, 8)
            && Part(x87, x87Registers, XmmOffset - x87Registers)
            && Part((written & SseComponent) != 0, XmmOffset, vectors)
            && Part((written & AvxComponent) != 0, HeaderEnd, vectors)
            && Part(true, LegacyBytes, isCompacted ? 16 : 8);

        bool Part(bool present, int start, int length)
            => !present || cpu.TryWriteBytes(linear + (uint)start, image + start, length, cpu.CurrentPrivilege);
    }

    private static void Load(ProcessorState* state, byte* image, ulong requested, ulong present, bool wide)
    {
        int registers = VectorRegisters(state);
        if ((requested & X87Component) != 0)
        {
            if ((present & X87Component) != 0) LoadX87(state, image, wide);
            else InitializeX87(state);
        }

        if ((requested & SseComponent) != 0)
        {
            LoadVectors(state, (present & SseComponent) != 0 ? image + XmmOffset : null, registers, part: 0);
        }

        if ((requested & AvxComponent) != 0)
        {
            LoadVectors(state, (present & AvxComponent) != 0 ? image + HeaderEnd : null, registers, part: 16);
        }
    }

    /// <summary>SDM Vol. 1, "XSAVE Header"; Vol. 2, the #GP conditions of XRSTOR and XRSTORS.</summary>
    private static bool IsHeaderValid(ulong* header, ulong enabled, bool isCompacted, bool mustBeCompacted)
    {
        if (!isCompacted) return !mustBeCompacted && (header[0] & ~enabled) == 0 && (header[1] | header[2]) == 0;
        ulong reserved = 0;
        for (int index = 2; index < 8; index++) reserved |= header[index];
        return (header[1] & ~(enabled | CompactedBit)) == 0 && (header[0] & ~(header[1] & ~CompactedBit)) == 0 && reserved == 0;
    }
}
