using Emulator.Core.Execution;
using Emulator.Core.Memory;
using Iced.Intel;
using static Emulator.Core.Instructions.Sse.ExtendedStateImage;

namespace Emulator.Core.Instructions.Sse;

/// <summary>FXSAVE, FXRSTOR, LDMXCSR, STMXCSR. SDM Vol. 1, "State Management Instructions", "FXSAVE and FXRSTOR Instructions".</summary>
internal static unsafe partial class ExtendedState
{
    private const int RegisterArea = 416;

    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<FxSave<Narrow>>(Mnemonic.Fxsave),
        InstructionRow.Of<FxSave<Wide>>(Mnemonic.Fxsave64),
        InstructionRow.Of<FxRestore<Narrow>>(Mnemonic.Fxrstor),
        InstructionRow.Of<FxRestore<Wide>>(Mnemonic.Fxrstor64),
        InstructionRow.Of<LoadMxcsr>(Mnemonic.Ldmxcsr),
        InstructionRow.Of<StoreMxcsrRegister>(Mnemonic.Stmxcsr),
        InstructionRow.Of<XSave<Narrow, Standard>>(Mnemonic.Xsave),
        InstructionRow.Of<XSave<Wide, Standard>>(Mnemonic.Xsave64),
        InstructionRow.Of<XSave<Narrow, Optimized>>(Mnemonic.Xsaveopt),
        InstructionRow.Of<XSave<Wide, Optimized>>(Mnemonic.Xsaveopt64),
        InstructionRow.Of<XSave<Narrow, Compacted>>(Mnemonic.Xsavec),
        InstructionRow.Of<XSave<Wide, Compacted>>(Mnemonic.Xsavec64),
        InstructionRow.Of<XSave<Narrow, Supervisor>>(Mnemonic.Xsaves),
        InstructionRow.Of<XSave<Wide, Supervisor>>(Mnemonic.Xsaves64),
        InstructionRow.Of<XRestore<Narrow, Standard>>(Mnemonic.Xrstor),
        InstructionRow.Of<XRestore<Wide, Standard>>(Mnemonic.Xrstor64),
        InstructionRow.Of<XRestore<Narrow, Supervisor>>(Mnemonic.Xrstors),
        InstructionRow.Of<XRestore<Wide, Supervisor>>(Mnemonic.Xrstors64),
    ];

    private interface IPointerForm
    {
        static abstract bool IsWide { get; }
    }

    private readonly struct Narrow : IPointerForm
    {
        public static bool IsWide => false;
    }

    private readonly struct Wide : IPointerForm
    {
        public static bool IsWide => true;
    }

    /// <summary>SDM Vol. 2, "FXSAVE—Save x87 FPU, MMX Technology, and SSE State".</summary>
    private readonly struct FxSave<TForm> : IInstruction
        where TForm : IPointerForm
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsX87Available(cpu, state)) return false;
            if (!TryLocate(cpu, in instruction, LegacyBytes, 16, AccessKind.Write, out SegmentName segment, out ulong offset, out ulong linear)) return false;
            if (!cpu.ProbeWrite(segment, offset, LegacyBytes)) return false;
            byte* image = stackalloc byte[LegacyBytes];
            StoreX87(state, image, TForm.IsWide);
            StoreMxcsr(state, image);
            int registers = VectorRegisters(state);
            StoreVectors(state, image + XmmOffset, registers, part: 0);
            return cpu.TryWriteBytes(linear, image, XmmOffset + (16 * registers), cpu.CurrentPrivilege);
        }
    }

    /// <summary>SDM Vol. 2, "FXRSTOR—Restore x87 FPU, MMX, XMM, and MXCSR State".</summary>
    private readonly struct FxRestore<TForm> : IInstruction
        where TForm : IPointerForm
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!IsX87Available(cpu, state)) return false;
            byte* image = stackalloc byte[LegacyBytes];
            if (!TryLocate(cpu, in instruction, LegacyBytes, 16, AccessKind.Read, out _, out _, out ulong linear)) return false;
            if (!cpu.TryReadBytes(linear, image, LegacyBytes, cpu.CurrentPrivilege)) return false;
            uint mxcsr = *(uint*)(image + MxcsrOffset);
            if ((mxcsr & ~MxcsrMask) != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
            LoadX87(state, image, TForm.IsWide);
            state->Mxcsr = mxcsr;
            LoadVectors(state, image + XmmOffset, VectorRegisters(state), part: 0);
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "LDMXCSR—Load MXCSR Register".</summary>
    private readonly struct LoadMxcsr : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state) || !cpu.TryReadOperand(in instruction, 0, out ulong value)) return false;
            if (((uint)value & ~MxcsrMask) != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
            state->Mxcsr = (uint)value;
            return true;
        }
    }

    /// <summary>SDM Vol. 2, "STMXCSR—Store MXCSR Register State".</summary>
    private readonly struct StoreMxcsrRegister : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
            => SseUnit.IsUsable(cpu, state) && cpu.TryWriteOperand(in instruction, 0, state->Mxcsr);
    }

    /// <summary>FXSAVE and FXRSTOR: #NM for CR0.EM as for TS.</summary>
    private static bool IsX87Available(Processor cpu, ProcessorState* state)
        => (state->Cr0 & (ControlRegisters.Cr0EM | ControlRegisters.Cr0TS)) == 0
            || cpu.Raise(ExceptionVector.DeviceNotAvailable, FaultCause.UnitDisabled);

    /// <summary>XMM8 to XMM15 exist in 64-bit mode only.</summary>
    private static int VectorRegisters(ProcessorState* state) => (state->Mode & ExecutionMode.Code64) != 0 ? 16 : 8;

    /// <summary>The area's linear address: segment checks, then alignment.</summary>
    private static bool TryLocate(
        Processor cpu, in Instruction instruction, int size, uint alignment, AccessKind kind, out SegmentName segment, out ulong offset, out ulong linear)
    {
        segment = Processor.SegmentOf(in instruction);
        offset = cpu.EffectiveAddress(in instruction);
        return cpu.Linearize(segment, offset, size, kind, out linear)
            && ((linear & (alignment - 1)) == 0 || cpu.RaiseGeneralProtection(FaultCause.Alignment));
    }
}
