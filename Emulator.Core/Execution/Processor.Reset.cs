namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    private const uint ResetCodeRights = 0x9B;
    private const uint ResetDataRights = 0x93;
    private const ulong ResetPat = 0x0007_0406_0007_0406;

    /// <summary>RESET (also power-up). SDM Vol. 3A, "Processor State After Reset".</summary>
    public void Reset()
    {
        ProcessorState* state = State;
        ResetForInit();
        state->Cr0 = ControlRegisters.Cr0CD | ControlRegisters.Cr0NW | ControlRegisters.Cr0ET;
        state->Efer = 0;
        state->Star = state->Lstar = state->Cstar = state->Fmask = state->KernelGsBase = state->TscAux = 0;
        state->SysenterCs = state->SysenterEsp = state->SysenterEip = 0;
        state->Pat = ResetPat;
        state->MiscEnable = 1;
        state->DebugCtl = state->Xss = state->MtrrDefType = 0;
        for (int i = 0; i < 11; i++) state->MtrrFixed[i] = 0;
        for (int i = 0; i < 16; i++) state->MtrrVariable[i] = 0;
        state->TscAdjust = 0;
        state->TscOffset = 0 - Clock.Now;
        state->Xcr0 = 1;
        state->Mxcsr = Instructions.Sse.ExtendedStateImage.MxcsrInitial;
        for (int i = 0; i < 32 * 8; i++) state->Vectors[i] = 0;
        for (int i = 0; i < 16; i++) state->X87[i] = 0;
        state->X87Control = 0x40;
        state->X87Status = 0;
        state->X87Tag = 0x5555;
        state->X87Opcode = state->X87CodeSelector = state->X87DataSelector = 0;
        state->X87InstructionPointer = state->X87DataPointer = 0;
        NmiPending = false;
        Extension?.Reset();
        Mmu.FlushAll();
        UpdateMode();
    }

    /// <summary>INIT: like RESET, but CR0's caching bits, MSRs, x87 and SSE state stay.</summary>
    public void Init()
    {
        ResetForInit();
        Mmu.FlushCurrentProcessor();
        UpdateMode();
    }

    private void ResetForInit()
    {
        ProcessorState* state = State;
        for (int i = 0; i < 16; i++) state->Gpr[i] = 0;
        state->Gpr[2] = Model.Signature;
        state->Rip = 0xFFF0;
        state->Flags = LazyFlags.FromRflags(Rflags.None);
        state->SystemFlags = Rflags.Fixed;
        state->Cr0 = (state->Cr0 & (ControlRegisters.Cr0CD | ControlRegisters.Cr0NW)) | ControlRegisters.Cr0ET;
        state->Cr2 = state->Cr3 = state->Cr4 = state->Cr8 = 0;
        state->Cs.Set(0xF000, 0xFFFF_0000, 0xFFFF, ResetCodeRights);
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.ES, SegmentName.SS, SegmentName.DS, SegmentName.FS, SegmentName.GS])
        {
            Segment(name)->Set(0, 0, 0xFFFF, ResetDataRights);
        }

        state->Ldtr.Set(0, 0, 0xFFFF, 0x82);
        state->Tr.Set(0, 0, 0xFFFF, 0x8B);
        state->GdtrBase = state->IdtrBase = 0;
        state->GdtrLimit = state->IdtrLimit = 0xFFFF;
        for (int i = 0; i < 4; i++) state->Dr[i] = 0;
        state->Dr[6] = 0xFFFF_0FF0;
        state->Dr[7] = 0x400;
        state->Cpl = 0;
        state->Blocking = InterruptBlocking.None;
        state->Activity = ActivityState.Active;
        state->Pending = default;
        state->PendingDebug = 0;
        state->MonitorAddress = ulong.MaxValue;
        state->OneByOne = false;
        state->Efer &= ~(ControlRegisters.EferLMA | ControlRegisters.EferLME);
    }
}
