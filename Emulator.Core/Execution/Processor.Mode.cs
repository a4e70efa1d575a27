namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    /// <summary>
    /// Recomputes everything that follows from CR0, CR3, CR4, EFER, CPL, CS, SS, RFLAGS.VM and AC: the execution mode, the
    /// masks of the instruction and stack pointers, the translation context. To be called after any change of them.
    /// </summary>
    internal void UpdateMode()
    {
        ExecutionMode mode = ExecutionMode.Real;
        bool isProtected = (State->Cr0 & ControlRegisters.Cr0PE) != 0;
        bool isVirtual8086 = isProtected && (State->SystemFlags & Rflags.VM) != 0;
        bool isLong = (State->Efer & ControlRegisters.EferLMA) != 0;
        bool is64 = isLong && State->Cs.IsLong;
        if (isProtected) mode |= ExecutionMode.Protected;
        if (isVirtual8086) mode |= ExecutionMode.Virtual8086;
        if (isLong) mode |= ExecutionMode.LongMode;
        if (is64) mode |= ExecutionMode.Code64;
        else if (State->Cs.IsBig && !isVirtual8086) mode |= ExecutionMode.Code32;
        bool wideStack = is64 || (State->Ss.IsBig && !isVirtual8086);
        if (wideStack) mode |= ExecutionMode.Stack32;
        if (State->Cpl == 3) mode |= ExecutionMode.User;
        if ((State->Cr0 & ControlRegisters.Cr0TS) != 0) mode |= ExecutionMode.TaskSwitched;
        if ((State->Cr0 & ControlRegisters.Cr0EM) != 0) mode |= ExecutionMode.FpuEmulation;
        if ((State->Cr4 & ControlRegisters.Cr4OSFXSR) != 0) mode |= ExecutionMode.OsFxsr;
        if ((State->Cr4 & ControlRegisters.Cr4OSXSAVE) != 0) mode |= ExecutionMode.OsXsave;
        bool flat32 = (mode & ExecutionMode.Code32) != 0 && (State->Cs.Base & 0xFFF) == 0 && State->Cs.Limit == uint.MaxValue;
        if (is64 || flat32) mode |= ExecutionMode.FlatCode;
        if (Extension is { InNonRoot: true } extension) mode |= ExecutionMode.NonRoot | (ExecutionMode)((uint)extension.InterceptionDigest << 16);
        State->Mode = mode;
        State->RipMask = is64 ? ulong.MaxValue : uint.MaxValue;
        State->StackMask = is64 ? ulong.MaxValue : wideStack ? uint.MaxValue : ushort.MaxValue;
        Mmu.SelectContext();
    }
}
