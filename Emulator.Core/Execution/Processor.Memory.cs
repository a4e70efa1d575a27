using System.Runtime.CompilerServices;
using Emulator.Core.Memory;

namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    /// <summary>Bytes at most in one access (a ZMM register; FXSAVE areas are accessed in parts).</summary>
    internal const int MaxAccessBytes = 64;

    private const uint PageMask = 0xFFF;

    /// <summary>Reads from a segment at the current privilege: segmentation, alignment, paging. False: a fault is pending.</summary>
    internal bool TryRead<T>(SegmentName segment, ulong offset, out T value)
        where T : unmanaged
    {
        value = default;
        if (!Linearize(segment, offset, sizeof(T), AccessKind.Read, out ulong linear)) return false;
        if (!CheckAlignment(linear, sizeof(T))) return false;
        fixed (T* target = &value) return TryReadBytes(linear, (byte*)target, sizeof(T), CurrentPrivilege);
    }

    /// <summary>Writes to a segment at the current privilege. False: a fault is pending and nothing was written.</summary>
    internal bool TryWrite<T>(SegmentName segment, ulong offset, T value)
        where T : unmanaged
        => Linearize(segment, offset, sizeof(T), AccessKind.Write, out ulong linear)
            && CheckAlignment(linear, sizeof(T))
            && TryWriteBytes(linear, (byte*)&value, sizeof(T), CurrentPrivilege);

    /// <summary>Checks that <paramref name="size"/> bytes can be written, so that the write itself cannot fault.</summary>
    internal bool ProbeWrite(SegmentName segment, ulong offset, int size)
        => Linearize(segment, offset, size, AccessKind.Write, out ulong linear)
            && CheckAlignment(linear, size)
            && Probe(linear, size, AccessKind.Write, CurrentPrivilege);

    /// <summary>Reads a system structure (descriptor table, TSS) as the processor does itself: with supervisor privilege.</summary>
    internal bool TryReadSystem<T>(ulong linear, out T value)
        where T : unmanaged
    {
        value = default;
        fixed (T* target = &value) return TryReadBytes(linear, (byte*)target, sizeof(T), Privilege.ImplicitSupervisor);
    }

    /// <summary>Writes a system structure with supervisor privilege.</summary>
    internal bool TryWriteSystem<T>(ulong linear, T value)
        where T : unmanaged
        => TryWriteBytes(linear, (byte*)&value, sizeof(T), Privilege.ImplicitSupervisor);

    /// <summary>Checks that a system structure can be written.</summary>
    internal bool ProbeSystemWrite(ulong linear, int size) => Probe(linear, size, AccessKind.Write, Privilege.ImplicitSupervisor);

    /// <summary>The privilege of explicit data accesses now. SDM Vol. 3A, "Determination of Access Rights".</summary>
    internal Privilege CurrentPrivilege => State->Cpl == 3 ? Privilege.User : Privilege.Supervisor;

    /// <summary>
    /// Segment checks and the linear address. #GP(0) or #SS(0). SDM Vol. 3A, "Limit Checking", "Type Checking";
    /// in 64-bit mode, "Canonical Addressing".
    /// </summary>
    internal bool Linearize(SegmentName segment, ulong offset, int size, AccessKind kind, out ulong linear)
    {
        SegmentRegister* register = Segment(segment);
        if ((State->Mode & ExecutionMode.Code64) != 0)
        {
            linear = segment is SegmentName.FS or SegmentName.GS ? register->Base + offset : offset;
            if (IsCanonical(linear) && IsCanonical(linear + (ulong)(size - 1))) return true;
            return RaiseSegment(segment, FaultCause.NonCanonicalAddress);
        }

        linear = (uint)(register->Base + offset);
        long fastLimit = kind == AccessKind.Write ? register->WriteLimit : register->ReadLimit;
        if ((long)offset + size - 1 <= fastLimit) return true;
        return LinearizeSlow(segment, register, offset, size, kind);
    }

    /// <summary>Whether bits 63 to the top of the linear-address width are all equal.</summary>
    internal static bool IsCanonical(ulong address) => (ulong)((long)address >> 47) + 1 <= 1;

    internal bool RaiseSegment(SegmentName segment, FaultCause cause)
        => Raise(segment == SegmentName.SS ? ExceptionVector.StackFault : ExceptionVector.GeneralProtection, 0u, cause);

    private bool LinearizeSlow(SegmentName segment, SegmentRegister* register, ulong offset, int size, AccessKind kind)
    {
        // In real and virtual-8086 mode every segment behaves as writable data, whatever its cached type says.
        bool typeMatters = (State->Mode & (ExecutionMode.Protected | ExecutionMode.Virtual8086)) == ExecutionMode.Protected;
        if (typeMatters)
        {
            bool allowed = kind switch
            {
                AccessKind.Write => register->IsWritable,
                AccessKind.Read => register->IsReadable,
                _ => true,
            };
            if (register->IsUnusable || !allowed) return RaiseSegment(segment, FaultCause.SegmentType);
        }

        ulong last = offset + (ulong)(size - 1);
        if (register->IsExpandDown)
        {
            ulong top = register->IsBig ? uint.MaxValue : ushort.MaxValue;
            if (offset > register->Limit && last <= top) return true;
        }
        else if (last <= register->Limit)
        {
            return true;
        }

        return RaiseSegment(segment, FaultCause.SegmentLimit);
    }

    private bool CheckAlignment(ulong linear, int size)
    {
        const Rflags alignmentCheck = Rflags.AC;
        if (State->Cpl != 3 || (State->SystemFlags & alignmentCheck) == 0 || (State->Cr0 & ControlRegisters.Cr0AM) == 0) return true;
        int alignment = Math.Min(size, 8);
        if ((alignment & (alignment - 1)) != 0 || (linear & (ulong)(alignment - 1)) == 0) return true;
        return Raise(ExceptionVector.AlignmentCheck, 0u, FaultCause.Alignment);
    }

    internal bool TryReadBytes(ulong linear, byte* target, int size, Privilege privilege)
    {
        if (Mmu.WatchAccesses && privilege != Privilege.ImplicitSupervisor) NoteDataBreakpoints(linear, size, isWrite: false);
        int first = Math.Min(size, (int)(PageMask + 1 - (linear & PageMask)));
        if (!Mmu.TryTranslate(linear, AccessKind.Read, privilege, out ulong physical)) return false;
        if (first == size)
        {
            ReadPhysical(physical, target, size);
            return true;
        }

        if (!Mmu.TryTranslate(NextPage(linear), AccessKind.Read, privilege, out ulong second)) return false;
        ReadPhysical(physical, target, first);
        ReadPhysical(second, target + first, size - first);
        return true;
    }

    internal bool TryWriteBytes(ulong linear, byte* source, int size, Privilege privilege)
    {
        if (Mmu.WatchAccesses && privilege != Privilege.ImplicitSupervisor) NoteDataBreakpoints(linear, size, isWrite: true);
        int first = Math.Min(size, (int)(PageMask + 1 - (linear & PageMask)));
        if (!Mmu.TryTranslate(linear, AccessKind.Write, privilege, out ulong physical)) return false;
        if (first == size)
        {
            WritePhysical(physical, source, size);
            return true;
        }

        // Both pages are checked before the first byte is written: a fault leaves memory untouched.
        if (!Mmu.TryTranslate(NextPage(linear), AccessKind.Write, privilege, out ulong second)) return false;
        WritePhysical(physical, source, first);
        WritePhysical(second, source + first, size - first);
        return true;
    }

    private bool Probe(ulong linear, int size, AccessKind kind, Privilege privilege)
        => Mmu.TryTranslate(linear, kind, privilege, out _)
            && ((linear & PageMask) + (ulong)size <= PageMask + 1 || Mmu.TryTranslate(NextPage(linear), kind, privilege, out _));

    private ulong NextPage(ulong linear)
    {
        ulong next = (linear | PageMask) + 1;
        return (State->Mode & ExecutionMode.Code64) != 0 ? next : (uint)next;
    }

    private void ReadPhysical(ulong physical, byte* target, int size)
    {
        while (size > 0)
        {
            int step = LargestPart(size);
            ulong value = Memory.Read(physical, step);
            Unsafe.CopyBlockUnaligned(target, &value, (uint)step);
            physical += (ulong)step;
            target += step;
            size -= step;
        }
    }

    private void WritePhysical(ulong physical, byte* source, int size)
    {
        Blocks.OnWrite(physical, size);
        while (size > 0)
        {
            int step = LargestPart(size);
            ulong value = 0;
            Unsafe.CopyBlockUnaligned(&value, source, (uint)step);
            Memory.Write(physical, step, value);
            physical += (ulong)step;
            source += step;
            size -= step;
        }
    }

    /// <summary>1, 2, 4 or 8 bytes: RAM does not care, and a device sees what a bus would show it.</summary>
    private static int LargestPart(int size) => size switch
    {
        >= 8 => 8,
        >= 4 => 4,
        >= 2 => 2,
        _ => 1,
    };
}
