using Emulator.Core.Execution;
using Emulator.Core.Segmentation;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>Far JMP, CALL and RET. SDM Vol. 2, "JMP—Jump", "CALL—Call Procedure", "RET—Return From Procedure".</summary>
internal static unsafe class FarTransfers
{
    /// <summary>Decides between near and far; the near forms are in <see cref="NearTransfers"/>.</summary>
    public static bool TryTarget(Processor cpu, in Instruction instruction, out ushort selector, out ulong offset)
    {
        selector = 0;
        offset = 0;
        switch (instruction.Op0Kind)
        {
            case OpKind.FarBranch16:
                selector = instruction.FarBranchSelector;
                offset = instruction.FarBranch16;
                return true;
            case OpKind.FarBranch32:
                selector = instruction.FarBranchSelector;
                offset = instruction.FarBranch32;
                return true;
            default:
                int size = OffsetBytes(in instruction);
                SegmentName segment = Processor.SegmentOf(in instruction);
                ulong address = cpu.EffectiveAddress(in instruction);
                if (!cpu.TryReadSized(segment, address, size, out offset)) return false;
                return cpu.TryRead(segment, address + (ulong)size, out selector);
        }
    }

    /// <summary>Bytes of the offset part: the operand size.</summary>
    public static int OffsetBytes(in Instruction instruction) => instruction.Code switch
    {
        Code.Jmp_ptr1616 or Code.Call_ptr1616 or Code.Jmp_m1616 or Code.Call_m1616 => 2,
        Code.Jmp_ptr1632 or Code.Call_ptr1632 or Code.Jmp_m1632 or Code.Call_m1632 => 4,
        _ => 8,
    };

    /// <summary>Far JMP.</summary>
    public static bool Jump(Processor cpu, ProcessorState* state, in Instruction instruction)
    {
        if (!TryTarget(cpu, in instruction, out ushort selector, out ulong offset)) return false;
        if (!cpu.HasDescriptors) return TransferReal(cpu, state, selector, offset);
        if (Processor.IsNull(selector)) return cpu.RaiseGeneralProtection(FaultCause.Descriptor);
        if (!cpu.TryFetchDescriptor(selector, ExceptionVector.GeneralProtection, external: false, out Descriptor descriptor, out ulong address)) return false;
        if (descriptor.IsCode)
        {
            if (!CheckCode(cpu, state, selector, in descriptor)) return false;
            return Enter(cpu, state, selector, descriptor, address, offset, state->Cpl);
        }

        if (descriptor.IsCodeOrData) return cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector));
        return descriptor.Type switch
        {
            SystemType.CallGate16 or SystemType.CallGate32 => JumpThroughGate(cpu, state, selector, in descriptor),
            SystemType.TaskGate or SystemType.AvailableTss16 or SystemType.AvailableTss32 when !cpu.IsLongMode
                => TaskTransfer(cpu, state, selector, in descriptor, TaskSwitchSource.Jump),
            _ => cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector)),
        };
    }

    /// <summary>Far CALL.</summary>
    public static bool Call(Processor cpu, ProcessorState* state, in Instruction instruction)
    {
        if (!TryTarget(cpu, in instruction, out ushort selector, out ulong offset)) return false;
        int size = OffsetBytes(in instruction);
        if (!cpu.HasDescriptors)
        {
            var frame = new StackFrame(cpu, SegmentName.SS, size, state->Gpr[4], cpu.StackMaskNow);
            if (offset > state->Cs.Limit) return cpu.RaiseGeneralProtection(FaultCause.SegmentLimit);
            if (!frame.TryPush(state->Cs.Selector) || !frame.TryPush(state->NextRip)) return false;
            frame.Commit();
            return TransferReal(cpu, state, selector, offset);
        }

        if (Processor.IsNull(selector)) return cpu.RaiseGeneralProtection(FaultCause.Descriptor);
        if (!cpu.TryFetchDescriptor(selector, ExceptionVector.GeneralProtection, external: false, out Descriptor descriptor, out ulong address)) return false;
        if (descriptor.IsCode)
        {
            if (!CheckCode(cpu, state, selector, in descriptor) || !CheckOffset(cpu, in descriptor, offset)) return false;
            var frame = new StackFrame(cpu, SegmentName.SS, size, state->Gpr[4], cpu.StackMaskNow);
            if (!frame.TryPush(state->Cs.Selector) || !frame.TryPush(state->NextRip)) return false;
            if (!Enter(cpu, state, selector, descriptor, address, offset, state->Cpl)) return false;
            frame.Commit();
            return true;
        }

        if (descriptor.IsCodeOrData) return cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector));
        return descriptor.Type switch
        {
            SystemType.CallGate16 or SystemType.CallGate32 => CallThroughGate(cpu, state, selector, in descriptor),
            SystemType.TaskGate or SystemType.AvailableTss16 or SystemType.AvailableTss32 when !cpu.IsLongMode
                => TaskTransfer(cpu, state, selector, in descriptor, TaskSwitchSource.Call),
            _ => cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(selector)),
        };
    }

    private static bool TransferReal(Processor cpu, ProcessorState* state, ushort selector, ulong offset)
    {
        if (offset > state->Cs.Limit) return cpu.RaiseGeneralProtection(FaultCause.SegmentLimit);
        cpu.LoadRealSegment(SegmentName.CS, selector);
        state->NextRip = offset;
        cpu.UpdateMode();
        return true;
    }

    private static bool CheckCode(Processor cpu, ProcessorState* state, ushort selector, in Descriptor descriptor)
    {
        bool privilegeFits = descriptor.IsConforming
            ? descriptor.Dpl <= state->Cpl
            : (selector & 3) <= state->Cpl && descriptor.Dpl == state->Cpl;
        bool wrongBits = cpu.IsLongMode && descriptor.IsLong && descriptor.IsBig;
        if (!privilegeFits || wrongBits) return cpu.RaiseGeneralProtection(FaultCause.Privilege, Processor.SelectorError(selector));
        if (!descriptor.IsPresent) return cpu.Raise(ExceptionVector.SegmentNotPresent, Processor.SelectorError(selector), FaultCause.Descriptor);
        return true;
    }

    private static bool CheckOffset(Processor cpu, in Descriptor descriptor, ulong offset)
    {
        if (cpu.IsLongMode && descriptor.IsLong)
        {
            return Processor.IsCanonical(offset) || cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
        }

        return (uint)offset <= descriptor.Limit || cpu.RaiseGeneralProtection(FaultCause.SegmentLimit);
    }

    /// <summary>Loads CS and the target; the last fault is before it.</summary>
    private static bool Enter(
        Processor cpu, ProcessorState* state, ushort selector, Descriptor descriptor, ulong address, ulong offset, int privilege)
    {
        if (!CheckOffset(cpu, in descriptor, offset) || !cpu.TrySetAccessed(ref descriptor, address)) return false;
        state->Cs.Set((ushort)((selector & ~3) | privilege), descriptor.Base, descriptor.Limit, descriptor.AccessRights);
        state->Cpl = privilege;
        state->NextRip = cpu.IsLongMode && descriptor.IsLong ? offset : (uint)offset;
        cpu.UpdateMode();
        return true;
    }

    private static bool CheckGate(Processor cpu, ProcessorState* state, ushort selector, in Descriptor gate)
    {
        bool wrongType = cpu.IsLongMode && gate.Type != SystemType.CallGate32;
        if (wrongType || gate.Dpl < state->Cpl || gate.Dpl < (selector & 3)) return cpu.RaiseGeneralProtection(FaultCause.Privilege, Processor.SelectorError(selector));
        if (!gate.IsPresent) return cpu.Raise(ExceptionVector.SegmentNotPresent, Processor.SelectorError(selector), FaultCause.Descriptor);
        return true;
    }

    private static bool TryGateTarget(Processor cpu, in Descriptor gate, out Descriptor code, out ulong address)
    {
        code = default;
        address = 0;
        ushort target = gate.GateSelector;
        if (Processor.IsNull(target)) return cpu.RaiseGeneralProtection(FaultCause.Descriptor);
        if (!cpu.TryFetchDescriptor(target, ExceptionVector.GeneralProtection, external: false, out code, out address)) return false;
        bool wrongBits = cpu.IsLongMode && (!code.IsLong || code.IsBig);
        if (!code.IsCode || wrongBits || code.Dpl > cpu.State->Cpl) return cpu.RaiseGeneralProtection(FaultCause.Descriptor, Processor.SelectorError(target));
        if (!code.IsPresent) return cpu.Raise(ExceptionVector.SegmentNotPresent, Processor.SelectorError(target), FaultCause.Descriptor);
        return true;
    }

    private static bool JumpThroughGate(Processor cpu, ProcessorState* state, ushort selector, in Descriptor gate)
    {
        if (!CheckGate(cpu, state, selector, in gate) || !TryGateTarget(cpu, in gate, out Descriptor code, out ulong address)) return false;
        if (!code.IsConforming && code.Dpl != state->Cpl) return cpu.RaiseGeneralProtection(FaultCause.Privilege, Processor.SelectorError(gate.GateSelector));
        return Enter(cpu, state, gate.GateSelector, code, address, GateOffset(in gate), state->Cpl);
    }

    private static ulong GateOffset(in Descriptor gate) => gate.Type == SystemType.CallGate16 ? (ushort)gate.GateOffset : gate.GateOffset;

    private static bool CallThroughGate(Processor cpu, ProcessorState* state, ushort selector, in Descriptor gate)
    {
        if (!CheckGate(cpu, state, selector, in gate) || !TryGateTarget(cpu, in gate, out Descriptor code, out ulong address)) return false;
        int size = cpu.IsLongMode ? 8 : gate.Type == SystemType.CallGate16 ? 2 : 4;
        bool toInner = !code.IsConforming && code.Dpl < state->Cpl;
        if (!CheckOffset(cpu, in code, GateOffset(in gate))) return false;
        if (toInner) return CallInner(cpu, state, in gate, code, address, size);
        var frame = new StackFrame(cpu, SegmentName.SS, size, state->Gpr[4], cpu.StackMaskNow);
        if (!frame.TryPush(state->Cs.Selector) || !frame.TryPush(state->NextRip)) return false;
        if (!Enter(cpu, state, gate.GateSelector, code, address, GateOffset(in gate), state->Cpl)) return false;
        frame.Commit();
        return true;
    }

    /// <summary>SDM Vol. 3A, "Stack Switching": a call gate to inner privilege copies parameters (not in IA-32e mode).</summary>
    private static bool CallInner(Processor cpu, ProcessorState* state, in Descriptor gate, Descriptor code, ulong address, int size)
    {
        SegmentRegister inner = default;
        ulong pointer;
        if (cpu.IsLongMode)
        {
            if (!cpu.TryReadLongStack(4 + (8 * code.Dpl), external: false, out pointer)) return false;
        }
        else if (!cpu.TryReadInnerStack(code.Dpl, external: false, out ushort stackSelector, out pointer)
            || !cpu.TryCheckInnerStack(stackSelector, code.Dpl, external: false, ref inner))
        {
            return false;
        }

        var frame = cpu.IsLongMode ? new StackFrame(cpu, null, size, pointer) : new StackFrame(cpu, &inner, size, pointer);
        if (!frame.TryPush(state->Ss.Selector) || !frame.TryPush(state->Gpr[4])) return false;
        int parameters = cpu.IsLongMode ? 0 : gate.GateParameters;
        for (int i = parameters - 1; i >= 0; i--)
        {
            ulong from = (state->Gpr[4] + (ulong)(i * size)) & cpu.StackMaskNow;
            if (!cpu.TryReadSized(SegmentName.SS, from, size, out ulong value) || !frame.TryPush(value)) return false;
        }

        if (!frame.TryPush(state->Cs.Selector) || !frame.TryPush(state->NextRip)) return false;
        if (!cpu.TrySetAccessed(ref code, address)) return false;
        ulong newPointer = frame.Pointer;
        bool isLong = cpu.IsLongMode;
        state->Cs.Set((ushort)((gate.GateSelector & ~3) | code.Dpl), code.Base, code.Limit, code.AccessRights);
        state->Cpl = code.Dpl;
        if (isLong) cpu.LoadNullSegment(SegmentName.SS, (ushort)code.Dpl);
        else state->Ss = inner;
        cpu.SetStackPointer(newPointer, isLong ? ulong.MaxValue : inner.IsBig ? uint.MaxValue : ushort.MaxValue);
        state->NextRip = isLong ? gate.GateOffset : GateOffset(in gate);
        cpu.UpdateMode();
        return true;
    }

    private static bool TaskTransfer(Processor cpu, ProcessorState* state, ushort selector, in Descriptor descriptor, TaskSwitchSource source)
    {
        if (descriptor.Dpl < state->Cpl || descriptor.Dpl < (selector & 3)) return cpu.RaiseGeneralProtection(FaultCause.Privilege, Processor.SelectorError(selector));
        if (!descriptor.IsPresent) return cpu.Raise(ExceptionVector.SegmentNotPresent, Processor.SelectorError(selector), FaultCause.Descriptor);
        ushort target = descriptor.Type == SystemType.TaskGate ? descriptor.GateSelector : selector;
        return cpu.TrySwitchTask(target, source, external: false, default);
    }

    /// <summary>Far RET; bytes to release after the return address.</summary>
    public static bool Return(Processor cpu, ProcessorState* state, int size, int release)
    {
        ulong stack = state->Gpr[4];
        ulong mask = cpu.StackMaskNow;
        if (!cpu.TryReadSized(SegmentName.SS, stack & mask, size, out ulong offset)) return false;
        if (!cpu.TryReadSized(SegmentName.SS, (stack + (ulong)size) & mask, size, out ulong selectorWord)) return false;
        var selector = (ushort)selectorWord;
        ulong after = stack + (ulong)(2 * size) + (ulong)release;
        if (!cpu.HasDescriptors)
        {
            if (!TransferReal(cpu, state, selector, offset)) return false;
            cpu.SetStackPointer(after, mask);
            return true;
        }

        if (!TryCheckReturn(cpu, state, selector, out Descriptor code, out ulong address)) return false;
        int privilege = selector & 3;
        if (privilege == state->Cpl)
        {
            if (!Enter(cpu, state, selector, code, address, offset, privilege)) return false;
            cpu.SetStackPointer(after, mask);
            return true;
        }

        return ReturnOuter(cpu, state, new OuterReturn(selector, code, address, offset, after & mask, size, release));
    }

    /// <summary>Checks of CS on a return to the same or an outer privilege.</summary>
    public static bool TryCheckReturn(Processor cpu, ProcessorState* state, ushort selector, out Descriptor code, out ulong address)
    {
        code = default;
        address = 0;
        if (Processor.IsNull(selector)) return cpu.RaiseGeneralProtection(FaultCause.Descriptor);
        if (!cpu.TryFetchDescriptor(selector, ExceptionVector.GeneralProtection, external: false, out code, out address)) return false;
        int privilege = selector & 3;
        bool fits = code.IsCode && privilege >= state->Cpl && (code.IsConforming ? code.Dpl <= privilege : code.Dpl == privilege)
            && !(cpu.IsLongMode && code.IsLong && code.IsBig);
        if (!fits) return cpu.RaiseGeneralProtection(FaultCause.Privilege, Processor.SelectorError(selector));
        if (!code.IsPresent) return cpu.Raise(ExceptionVector.SegmentNotPresent, Processor.SelectorError(selector), FaultCause.Descriptor);
        return true;
    }

    private readonly record struct OuterReturn(ushort Selector, Descriptor Code, ulong Address, ulong Offset, ulong Stack, int Size, int Release);

    private static bool ReturnOuter(Processor cpu, ProcessorState* state, in OuterReturn to)
    {
        if (!cpu.TryReadSized(SegmentName.SS, to.Stack, to.Size, out ulong pointer)) return false;
        if (!cpu.TryReadSized(SegmentName.SS, (to.Stack + (ulong)to.Size) & cpu.StackMaskNow, to.Size, out ulong stackSelector)) return false;
        Descriptor code = to.Code;
        if (!CheckOffset(cpu, in code, to.Offset)) return false;
        if (!TryLoadOuterStack(cpu, state, (ushort)stackSelector, to.Selector & 3, in code)) return false;
        if (!cpu.TrySetAccessed(ref code, to.Address)) return false;
        state->Cs.Set(to.Selector, code.Base, code.Limit, code.AccessRights);
        state->Cpl = to.Selector & 3;
        state->NextRip = to.Offset;
        cpu.UpdateMode();
        cpu.SetStackPointer(pointer + (ulong)to.Release, cpu.StackMaskNow);
        cpu.DropInnerSegments();
        return true;
    }

    /// <summary>Loads SS for an outer privilege level; a null selector is legal in 64-bit mode below CPL 3.</summary>
    public static bool TryLoadOuterStack(Processor cpu, ProcessorState* state, ushort selector, int privilege, in Descriptor code)
    {
        if (!Processor.IsNull(selector)) return cpu.TryLoadStackSegment(selector, privilege, ExceptionVector.GeneralProtection, external: false);
        bool allowed = cpu.IsLongMode && code.IsLong && privilege < 3 && (selector & 3) == privilege;
        if (!allowed) return cpu.RaiseGeneralProtection(FaultCause.Descriptor);
        state->Ss.Set(selector, 0, 0, SegmentRegister.UnusableBit | ((uint)privilege << 5));
        return true;
    }
}
