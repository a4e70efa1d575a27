namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    /// <summary>After a return to an outer level: data segments that it must not keep become null. SDM Vol. 2, "RET", "IRET".</summary>
    internal void DropInnerSegments()
    {
        foreach (SegmentName name in (ReadOnlySpan<SegmentName>)[SegmentName.ES, SegmentName.FS, SegmentName.GS, SegmentName.DS])
        {
            SegmentRegister* register = Segment(name);
            bool isConforming = register->IsCode && (register->Type & 4) != 0;
            if (!register->IsUnusable && !isConforming && register->Dpl < State->Cpl) LoadNullSegment(name, 0);
        }
    }

    /// <summary>I/O privilege: CPL against IOPL, then the TSS bitmap. SDM Vol. 1, "I/O Permission Bit Map".</summary>
    internal bool CheckPort(ushort port, int size)
    {
        if ((State->Cr0 & ControlRegisters.Cr0PE) == 0) return true;
        bool isVirtual8086 = (State->SystemFlags & Rflags.VM) != 0;
        if (!isVirtual8086 && State->Cpl <= Iopl) return true;
        bool hasBitmap = !State->Tr.IsUnusable && (State->Tr.Type & 8) != 0 && State->Tr.Limit >= 103;
        if (!hasBitmap) return RaiseGeneralProtection(FaultCause.Privilege);
        if (!TryReadSystem(LinearOfTable(State->Tr.Base + 102), out ushort map)) return false;
        uint at = (uint)map + ((uint)port >> 3);
        if (at + 1 > State->Tr.Limit) return RaiseGeneralProtection(FaultCause.Privilege);
        if (!TryReadSystem(LinearOfTable(State->Tr.Base + at), out ushort bits)) return false;
        int mask = ((1 << size) - 1) << (port & 7);
        return (bits & mask) == 0 || RaiseGeneralProtection(FaultCause.Privilege);
    }

    /// <summary>IOPL, 0 to 3.</summary>
    internal int Iopl => (int)(State->SystemFlags & Rflags.IOPL) >> 12;

    /// <summary>CPL must be 0. SDM Vol. 3A, "Privileged Instructions".</summary>
    internal bool RequireSupervisor() => State->Cpl == 0 || RaiseGeneralProtection(FaultCause.Privilege);
}
