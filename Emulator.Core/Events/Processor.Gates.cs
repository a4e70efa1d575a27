using Emulator.Core.Segmentation;

namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    /// <summary>SDM Vol. 3A, "Exception- or Interrupt-Handler Procedures": 32-bit protected and virtual-8086 mode.</summary>
    private bool TryDeliverProtected(in PendingEvent pending)
    {
        bool external = !ChecksDpl(pending.Type);
        uint offset = (uint)pending.Vector * 8;
        uint error = ErrorOf(pending.Vector, external);
        if (offset + 7 > State->IdtrLimit) return RaiseGeneralProtection(FaultCause.InterruptGate, error);
        if (!TryReadSystem((uint)(State->IdtrBase + offset), out ulong raw)) return false;
        var gate = new Descriptor(raw, 0);
        bool isGate = !gate.IsCodeOrData && gate.Type is SystemType.TaskGate or SystemType.InterruptGate16 or SystemType.TrapGate16
            or SystemType.InterruptGate32 or SystemType.TrapGate32;
        if (!isGate || gate.IsCodeOrData) return RaiseGeneralProtection(FaultCause.InterruptGate, error);
        if (ChecksDpl(pending.Type) && gate.Dpl < State->Cpl) return RaiseGeneralProtection(FaultCause.Privilege, error);
        if (!gate.IsPresent) return Raise(ExceptionVector.SegmentNotPresent, error, FaultCause.InterruptGate);
        if (gate.Type == SystemType.TaskGate)
        {
            State->NextRip = ReturnRip(in pending);
            return TrySwitchTask(gate.GateSelector, TaskSwitchSource.Gate, external, in pending);
        }

        if (!TryFetchHandler(gate.GateSelector, external, out Descriptor code, out ulong address)) return false;
        int size = gate.Type >= SystemType.InterruptGate32 ? 4 : 2;
        bool fromVirtual8086 = (State->SystemFlags & Rflags.VM) != 0;
        if (!code.IsConforming && code.Dpl < State->Cpl)
        {
            if (fromVirtual8086 && code.Dpl != 0) return RaiseGeneralProtection(FaultCause.Privilege, SelectorError(gate.GateSelector, external));
            return TryEnterInner(in pending, in gate, code, address, size, external, fromVirtual8086);
        }

        if (fromVirtual8086) return RaiseGeneralProtection(FaultCause.Privilege, SelectorError(gate.GateSelector, external));
        if (!code.IsConforming && code.Dpl != State->Cpl) return RaiseGeneralProtection(FaultCause.Privilege, SelectorError(gate.GateSelector, external));
        if (gate.GateOffset > code.Limit) return RaiseGeneralProtection(FaultCause.SegmentLimit, external ? 1u : 0u);
        var frame = new StackFrame(this, SegmentName.SS, size, State->Gpr[4], StackMaskNow);
        if (!TryPushReturn(ref frame, in pending) || !TrySetAccessed(ref code, address)) return false;
        frame.Commit();
        EnterHandler(in gate, in code, State->Cpl, size == 4 ? gate.GateOffset : (ushort)gate.GateOffset);
        return true;
    }

    private bool TryFetchHandler(ushort selector, bool external, out Descriptor code, out ulong address)
    {
        code = default;
        address = 0;
        if (IsNull(selector)) return RaiseGeneralProtection(FaultCause.Descriptor, external ? 1u : 0u);
        if (!TryFetchDescriptor(selector, ExceptionVector.GeneralProtection, external, out code, out address)) return false;
        bool wrongBits = IsLongMode && (!code.IsLong || code.IsBig);
        if (!code.IsCode || code.Dpl > State->Cpl || wrongBits) return RaiseGeneralProtection(FaultCause.Descriptor, SelectorError(selector, external));
        if (!code.IsPresent) return Raise(ExceptionVector.SegmentNotPresent, SelectorError(selector, external), FaultCause.Descriptor);
        return true;
    }

    private bool TryPushReturn(ref StackFrame frame, in PendingEvent pending)
        => frame.TryPush((ulong)PushedFlags(in pending))
            && frame.TryPush(State->Cs.Selector)
            && frame.TryPush(ReturnRip(in pending))
            && (!pending.HasErrorCode || frame.TryPush(pending.ErrorCode));

    private bool TryEnterInner(
        in PendingEvent pending, in Descriptor gate, Descriptor code, ulong address, int size, bool external, bool fromVirtual8086)
    {
        if (!TryReadInnerStack(code.Dpl, external, out ushort selector, out ulong pointer)) return false;
        SegmentRegister inner = default;
        if (!TryCheckInnerStack(selector, code.Dpl, external, ref inner)) return false;
        if (gate.GateOffset > code.Limit) return RaiseGeneralProtection(FaultCause.SegmentLimit, external ? 1u : 0u);
        var frame = new StackFrame(this, &inner, size, pointer);
        if (fromVirtual8086)
        {
            bool pushed = frame.TryPush(State->Gs.Selector) && frame.TryPush(State->Fs.Selector)
                && frame.TryPush(State->Ds.Selector) && frame.TryPush(State->Es.Selector);
            if (!pushed) return false;
        }

        if (!frame.TryPush(State->Ss.Selector) || !frame.TryPush(State->Gpr[4])) return false;
        if (!TryPushReturn(ref frame, in pending) || !TrySetAccessed(ref code, address)) return false;
        if (fromVirtual8086)
        {
            State->SystemFlags &= ~Rflags.VM;
            foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.ES, SegmentName.DS, SegmentName.FS, SegmentName.GS]) LoadNullSegment(name, 0);
        }

        State->Ss = inner;
        SetStackPointer(frame.Pointer, inner.IsBig ? uint.MaxValue : ushort.MaxValue);
        EnterHandler(in gate, in code, code.Dpl, size == 4 ? gate.GateOffset : (ushort)gate.GateOffset);
        return true;
    }

    /// <summary>Checks the stack segment of an inner privilege level, without loading it. #TS, #SS.</summary>
    internal bool TryCheckInnerStack(ushort selector, int privilege, bool external, ref SegmentRegister stack)
    {
        if (IsNull(selector)) return Raise(ExceptionVector.InvalidTss, SelectorError(selector, external), FaultCause.Descriptor);
        if (!TryFetchDescriptor(selector, ExceptionVector.InvalidTss, external, out Descriptor descriptor, out ulong address)) return false;
        bool fits = (selector & 3) == privilege && descriptor.Dpl == privilege && descriptor.IsWritableData;
        if (!fits) return Raise(ExceptionVector.InvalidTss, SelectorError(selector, external), FaultCause.Descriptor);
        if (!descriptor.IsPresent) return Raise(ExceptionVector.StackFault, SelectorError(selector, external), FaultCause.Descriptor);
        if (!TrySetAccessed(ref descriptor, address)) return false;
        stack.Set(selector, descriptor.Base, descriptor.Limit, descriptor.AccessRights);
        return true;
    }

    /// <summary>Reads SS:ESP of a privilege level from the TSS. SDM Vol. 3A, "Stack Switching".</summary>
    internal bool TryReadInnerStack(int privilege, bool external, out ushort selector, out ulong pointer)
    {
        selector = 0;
        pointer = 0;
        bool is32 = (State->Tr.AccessRights & 8) != 0;
        uint offset = is32 ? 4 + (8 * (uint)privilege) : 2 + (4 * (uint)privilege);
        if (offset + (is32 ? 5 : 3) > State->Tr.Limit) return Raise(ExceptionVector.InvalidTss, SelectorError(State->Tr.Selector, external), FaultCause.SegmentLimit);
        ulong at = LinearOfTable(State->Tr.Base + offset);
        if (is32)
        {
            if (!TryReadSystem(at, out uint esp) || !TryReadSystem(at + 4, out selector)) return false;
            pointer = esp;
            return true;
        }

        if (!TryReadSystem(at, out ushort sp) || !TryReadSystem(at + 2, out selector)) return false;
        pointer = sp;
        return true;
    }

    private void EnterHandler(in Descriptor gate, in Descriptor code, int privilege, ulong offset)
    {
        State->Cs.Set((ushort)((gate.GateSelector & ~3) | privilege), code.Base, code.Limit, code.AccessRights);
        State->Cpl = privilege;
        State->Rip = offset;
        State->SystemFlags &= ~(Rflags.TF | Rflags.NT | Rflags.RF | Rflags.VM);
        if ((gate.Type & 1) == 0) State->SystemFlags &= ~Rflags.IF;
        UpdateMode();
    }

    /// <summary>SDM Vol. 3A, "Interrupt and Exception Handling in 64-bit Mode".</summary>
    private bool TryDeliverLong(in PendingEvent pending)
    {
        bool external = !ChecksDpl(pending.Type);
        uint offset = (uint)pending.Vector * 16;
        uint error = ErrorOf(pending.Vector, external);
        if (offset + 15 > State->IdtrLimit) return RaiseGeneralProtection(FaultCause.InterruptGate, error);
        if (!TryReadSystem(State->IdtrBase + offset, out ulong low) || !TryReadSystem(State->IdtrBase + offset + 8, out ulong high)) return false;
        var gate = new Descriptor(low, high);
        bool isGate = !gate.IsCodeOrData && gate.Type is SystemType.InterruptGate32 or SystemType.TrapGate32;
        if (!isGate || gate.IsCodeOrData) return RaiseGeneralProtection(FaultCause.InterruptGate, error);
        if (ChecksDpl(pending.Type) && gate.Dpl < State->Cpl) return RaiseGeneralProtection(FaultCause.Privilege, error);
        if (!gate.IsPresent) return Raise(ExceptionVector.SegmentNotPresent, error, FaultCause.InterruptGate);
        if (!TryFetchHandler(gate.GateSelector, external, out Descriptor code, out ulong address)) return false;
        int privilege = code.IsConforming ? State->Cpl : code.Dpl;
        ulong pointer = State->Gpr[4];
        bool switchesStack = privilege < State->Cpl;
        if (gate.InterruptStack != 0)
        {
            if (!TryReadLongStack(32 + (8 * gate.InterruptStack), external, out pointer)) return false;
        }
        else if (switchesStack && !TryReadLongStack(4 + (8 * privilege), external, out pointer))
        {
            return false;
        }

        var frame = new StackFrame(this, null, 8, pointer & ~0xFUL);
        bool pushed = frame.TryPush(State->Ss.Selector) && frame.TryPush(State->Gpr[4]) && TryPushReturn(ref frame, in pending);
        if (!pushed) return false;
        if (!IsCanonical(gate.GateOffset)) return RaiseGeneralProtection(FaultCause.NonCanonicalAddress, external ? 1u : 0u);
        if (!TrySetAccessed(ref code, address)) return false;
        if (switchesStack)
        {
            State->Cpl = privilege;
            LoadNullSegment(SegmentName.SS, (ushort)privilege);
        }

        State->Gpr[4] = frame.Pointer;
        EnterHandler(in gate, in code, privilege, gate.GateOffset);
        return true;
    }

    /// <summary>Reads RSPn or ISTn from the 64-bit TSS.</summary>
    internal bool TryReadLongStack(int offset, bool external, out ulong pointer)
    {
        pointer = 0;
        if ((uint)offset + 7 > State->Tr.Limit) return Raise(ExceptionVector.InvalidTss, SelectorError(State->Tr.Selector, external), FaultCause.SegmentLimit);
        if (!TryReadSystem(State->Tr.Base + (uint)offset, out pointer)) return false;
        return IsCanonical(pointer) || Raise(ExceptionVector.StackFault, external ? 1u : 0u, FaultCause.NonCanonicalAddress);
    }
}
