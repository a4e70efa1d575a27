using Emulator.Core.Segmentation;

namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    private const uint Tss32Bytes = 104;
    private const uint Tss16Bytes = 44;

    /// <summary>
    /// Switches to the task of a TSS selector; state-&gt;NextRip is where the old task goes on. SDM Vol. 3A, "Task Switching".
    /// </summary>
    internal bool TrySwitchTask(ushort selector, TaskSwitchSource source, bool external, in PendingEvent pending)
    {
        bool isIret = source == TaskSwitchSource.Iret;
        byte vector = isIret ? ExceptionVector.InvalidTss : ExceptionVector.GeneralProtection;
        if (IsNull(selector) || (selector & 4) != 0) return Raise(vector, SelectorError(selector, external), FaultCause.Descriptor);
        if (!TryFetchDescriptor(selector, vector, external, out Descriptor next, out ulong address)) return false;
        bool typeFits = !next.IsCodeOrData && (isIret
            ? next.Type is SystemType.BusyTss16 or SystemType.BusyTss32
            : next.Type is SystemType.AvailableTss16 or SystemType.AvailableTss32);
        if (!typeFits) return Raise(vector, SelectorError(selector, external), FaultCause.Descriptor);
        if (!next.IsPresent) return Raise(ExceptionVector.SegmentNotPresent, SelectorError(selector, external), FaultCause.Descriptor);
        bool is32 = (next.Type & 8) != 0;
        if (next.Limit < (is32 ? Tss32Bytes : Tss16Bytes) - 1) return Raise(ExceptionVector.InvalidTss, SelectorError(selector, external), FaultCause.SegmentLimit);
        if (Extension?.TryInterceptTaskSwitch(State, selector, source) == true) return false;
        if (!TrySaveTask(isIret)) return false;
        ulong newBase = (uint)next.Base;
        bool nests = source is TaskSwitchSource.Call or TaskSwitchSource.Gate;
        if (!TryReadTask(newBase, is32, out TaskImage image)) return false;
        if (nests && !TryWriteSystem(newBase, State->Tr.Selector)) return false;
        if (!nests && !TryClearOldBusy()) return false;
        if (!isIret && !TrySetBusy(address, in next, busy: true)) return false;

        State->Tr.Set(selector, newBase, next.Limit, next.AccessRights | 2);
        State->Cr0 |= ControlRegisters.Cr0TS;
        LoadTask(in image, is32, nests);
        if (!TryLoadTaskSegments(in image)) return false;
        State->Rip = State->NextRip = image.Eip;
        if (pending.HasErrorCode && source == TaskSwitchSource.Gate)
        {
            var frame = new StackFrame(this, SegmentName.SS, is32 ? 4 : 2, State->Gpr[4], StackMaskNow);
            if (!frame.TryPush(pending.ErrorCode)) return false;
            frame.Commit();
        }

        // SDM "Task-State Segment (TSS)": the T flag of the new task raises a debug exception once it is loaded.
        if (image.DebugTrap) State->PendingDebug |= 1UL << 15;
        return image.Eip <= State->Cs.Limit || RaiseGeneralProtection(FaultCause.SegmentLimit);
    }

    private struct TaskImage
    {
        public uint Cr3;
        public uint Eip;
        public uint Flags;
        public fixed uint Registers[8];
        public fixed ushort Selectors[6];
        public ushort Ldt;
        public bool DebugTrap;
    }

    private bool TrySaveTask(bool clearsNt)
    {
        bool is32 = (State->Tr.Type & 8) != 0;
        ulong at = (uint)State->Tr.Base;
        Rflags flags = State->Rflags;
        if (clearsNt) flags &= ~Rflags.NT;
        int size = is32 ? 4 : 2;
        ulong registers = at + (is32 ? 0x28u : 0x12u);
        ulong segments = at + (is32 ? 0x48u : 0x22u);
        if (!ProbeSystemWrite(at, (int)(is32 ? Tss32Bytes : Tss16Bytes))) return false;
        bool done = WriteTaskWord(at + (is32 ? 0x20u : 0x0Eu), size, State->NextRip) && WriteTaskWord(at + (is32 ? 0x24u : 0x10u), size, (ulong)flags);
        for (int i = 0; i < 8; i++) done = done && WriteTaskWord(registers + (ulong)(i * size), size, State->Gpr[i]);
        int count = is32 ? 6 : 4;
        for (int i = 0; i < count; i++) done = done && TryWriteSystem(segments + (ulong)(i * size), Segment((SegmentName)i)->Selector);
        return done;
    }

    private bool WriteTaskWord(ulong linear, int size, ulong value)
        => size == 4 ? TryWriteSystem(linear, (uint)value) : TryWriteSystem(linear, (ushort)value);

    private bool TryReadTask(ulong at, bool is32, out TaskImage image)
    {
        image = default;
        int size = is32 ? 4 : 2;
        bool done = ReadTaskWord(at + (is32 ? 0x20u : 0x0Eu), size, out image.Eip) && ReadTaskWord(at + (is32 ? 0x24u : 0x10u), size, out image.Flags);
        for (int i = 0; i < 8; i++)
        {
            done = done && ReadTaskWord(at + (is32 ? 0x28u : 0x12u) + (ulong)(i * size), size, out uint value);
            if (!done) return false;
            _ = ReadTaskWord(at + (is32 ? 0x28u : 0x12u) + (ulong)(i * size), size, out value);
            image.Registers[i] = value;
        }

        int count = is32 ? 6 : 4;
        for (int i = 0; i < count; i++)
        {
            if (!TryReadSystem(at + (is32 ? 0x48u : 0x22u) + (ulong)(i * size), out ushort selector)) return false;
            image.Selectors[i] = selector;
        }

        if (!TryReadSystem(at + (is32 ? 0x60u : 0x2Au), out image.Ldt)) return false;
        if (!is32) return done;
        if (!TryReadSystem(at + 0x64, out ushort trap) || !TryReadSystem(at + 0x1C, out image.Cr3)) return false;
        image.DebugTrap = (trap & 1) != 0;
        return done;
    }

    private bool ReadTaskWord(ulong linear, int size, out uint value)
    {
        if (size == 4) return TryReadSystem(linear, out value);
        bool done = TryReadSystem(linear, out ushort word);

        // A 16-bit task leaves the upper halves of the registers undefined: this model sets them, as processors do.
        value = word;
        return done;
    }

    private bool TryClearOldBusy()
    {
        if (!TryFetchDescriptor(State->Tr.Selector, ExceptionVector.InvalidTss, external: false, out Descriptor old, out ulong address)) return false;
        return TrySetBusy(address, in old, busy: false);
    }

    private void LoadTask(in TaskImage image, bool is32, bool nests)
    {
        for (int i = 0; i < 8; i++) State->Gpr[i] = image.Registers[i];
        var flags = (Rflags)image.Flags;
        if (nests) flags |= Rflags.NT;
        WriteFlags(flags, Rflags.All & ~Rflags.Fixed);
        State->Dr[7] &= ~0x55UL;
        UpdateBreakpoints();
        if (is32 && (State->Cr0 & ControlRegisters.Cr0PG) != 0 && State->Cr3 != image.Cr3)
        {
            State->Cr3 = image.Cr3;
            Mmu.Flush(keepGlobal: true);
            if ((State->Cr4 & ControlRegisters.Cr4PAE) != 0) _ = Mmu.TryLoadPdptes(State->Cr3);
        }
    }

    private bool TryLoadTaskSegments(in TaskImage image)
    {
        // The selectors are all in place before the first descriptor is checked: faults belong to the new task.
        for (int i = 0; i < 6; i++) Segment((SegmentName)i)->Set(image.Selectors[i], 0, 0, SegmentRegister.UnusableBit);
        State->Ldtr.Set(image.Ldt, 0, 0, SegmentRegister.UnusableBit);
        if ((State->SystemFlags & Rflags.VM) != 0)
        {
            for (int i = 0; i < 6; i++) Segment((SegmentName)i)->Set(image.Selectors[i], (ulong)image.Selectors[i] << 4, 0xFFFF, 0xF3);
            State->Cpl = 3;
            UpdateMode();
            return true;
        }

        if (!TryLoadTaskLdt(image.Ldt)) return false;
        ushort cs = image.Selectors[1];
        if (IsNull(cs)) return Raise(ExceptionVector.InvalidTss, SelectorError(cs), FaultCause.Descriptor);
        if (!TryFetchDescriptor(cs, ExceptionVector.InvalidTss, external: false, out Descriptor code, out ulong address)) return false;
        int privilege = cs & 3;
        bool fits = code.IsCode && (code.IsConforming ? code.Dpl <= privilege : code.Dpl == privilege);
        if (!fits) return Raise(ExceptionVector.InvalidTss, SelectorError(cs), FaultCause.Descriptor);
        if (!code.IsPresent) return Raise(ExceptionVector.SegmentNotPresent, SelectorError(cs), FaultCause.Descriptor);
        if (!TrySetAccessed(ref code, address)) return false;
        State->Cs.Set(cs, code.Base, code.Limit, code.AccessRights);
        State->Cpl = privilege;
        UpdateMode();
        SegmentRegister stack = default;
        if (!TryCheckInnerStack(image.Selectors[2], privilege, external: false, ref stack)) return false;
        State->Ss = stack;
        UpdateMode();
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.DS, SegmentName.ES, SegmentName.FS, SegmentName.GS])
        {
            if (!TryLoadTaskData(name, image.Selectors[(int)name])) return false;
        }

        return true;
    }

    private bool TryLoadTaskData(SegmentName name, ushort selector)
    {
        if (TryLoadDataSegment(name, selector)) return true;

        // SDM "Task Switching": a data selector that does not fit is an invalid-TSS exception here.
        if (State->Pending is { Kind: PendingKind.Exception, Vector: ExceptionVector.GeneralProtection }) State->Pending.Vector = ExceptionVector.InvalidTss;
        return false;
    }

    private bool TryLoadTaskLdt(ushort selector)
    {
        if (IsNull(selector)) return true;
        if ((selector & 4) != 0) return Raise(ExceptionVector.InvalidTss, SelectorError(selector), FaultCause.Descriptor);
        if (!TryFetchDescriptor(selector, ExceptionVector.InvalidTss, external: false, out Descriptor descriptor, out _)) return false;
        bool fits = !descriptor.IsCodeOrData && descriptor.Type == SystemType.Ldt && descriptor.IsPresent;
        if (!fits) return Raise(ExceptionVector.InvalidTss, SelectorError(selector), FaultCause.Descriptor);
        State->Ldtr.Set(selector, descriptor.Base, descriptor.Limit, descriptor.AccessRights);
        return true;
    }

    /// <summary>Writes those bits of RFLAGS that <paramref name="writable"/> names. The caller updates the mode if VM or AC changed.</summary>
    internal void WriteFlags(Rflags value, Rflags writable)
    {
        Rflags merged = (State->Rflags & ~writable) | (value & writable & Rflags.All);
        State->Flags = LazyFlags.FromRflags(merged);
        State->SystemFlags = (merged & ~Rflags.Status) | Rflags.Fixed;
    }
}
