using Emulator.Core.Segmentation;

namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    private const ushort TableIndicator = 4;

    /// <summary>The part of a selector that error codes carry.</summary>
    internal static uint SelectorError(ushort selector, bool external = false) => (uint)(selector & ~3) | (external ? 1u : 0u);

    /// <summary>Whether a selector is null (in the GDT, index 0).</summary>
    internal static bool IsNull(ushort selector) => (selector & ~3) == 0;

    /// <summary>IA-32e mode, 64-bit or compatibility.</summary>
    internal bool IsLongMode => (State->Mode & ExecutionMode.LongMode) != 0;

    /// <summary>64-bit mode.</summary>
    internal bool Is64Bit => (State->Mode & ExecutionMode.Code64) != 0;

    /// <summary>Protected mode without virtual-8086 mode: selectors select descriptors.</summary>
    internal bool HasDescriptors
        => (State->Mode & (ExecutionMode.Protected | ExecutionMode.Virtual8086)) == ExecutionMode.Protected;

    /// <summary>Fetches a descriptor. False: the given fault (selector as error code) or a fault of the access is pending.</summary>
    internal bool TryFetchDescriptor(ushort selector, byte vector, bool external, out Descriptor descriptor, out ulong address)
    {
        descriptor = default;
        if (!TryLocate(selector, out address)) return Raise(vector, SelectorError(selector, external), FaultCause.Descriptor);
        if (!TryReadSystem(address, out ulong low)) return false;
        ulong high = 0;
        bool isWide = IsLongMode && (low & (1UL << 44)) == 0;
        if (isWide)
        {
            if (!TryLocate((ushort)(selector + 8), out _)) return Raise(vector, SelectorError(selector, external), FaultCause.Descriptor);
            if (!TryReadSystem(address + 8, out high)) return false;
        }

        descriptor = new Descriptor(low, high);
        return true;
    }

    /// <summary>Like <see cref="TryFetchDescriptor"/>, for instructions that answer with ZF: null when out of the table.</summary>
    internal bool TryPeekDescriptor(ushort selector, out Descriptor? descriptor)
    {
        descriptor = null;
        if (IsNull(selector) || !TryLocate(selector, out ulong address)) return true;
        if (!TryReadSystem(address, out ulong low)) return false;
        ulong high = 0;
        if (IsLongMode && (low & (1UL << 44)) == 0)
        {
            if (!TryLocate((ushort)(selector + 8), out _)) return true;
            if (!TryReadSystem(address + 8, out high)) return false;
        }

        descriptor = new Descriptor(low, high);
        return true;
    }

    /// <summary>Sets the accessed flag of a code or data descriptor, if it is not set. SDM Vol. 3A, "Code- and Data-Segment Descriptor Types".</summary>
    internal bool TrySetAccessed(ref Descriptor descriptor, ulong address)
    {
        if ((descriptor.Low & Descriptor.AccessedBit) != 0) return true;
        descriptor = new Descriptor(descriptor.Low | Descriptor.AccessedBit, descriptor.High);
        return TryWriteSystem(address + 5, (byte)(descriptor.Low >> 40));
    }

    /// <summary>Sets or clears the busy flag of a TSS descriptor.</summary>
    internal bool TrySetBusy(ulong address, in Descriptor descriptor, bool busy)
    {
        ulong low = busy ? descriptor.Low | Descriptor.BusyBit : descriptor.Low & ~Descriptor.BusyBit;
        return TryWriteSystem(address + 5, (byte)(low >> 40));
    }

    /// <summary>Loads a segment register in real or virtual-8086 mode: the base follows from the selector, the rest stays or is fixed.</summary>
    internal void LoadRealSegment(SegmentName name, ushort selector)
    {
        SegmentRegister* register = Segment(name);
        bool isVirtual8086 = (State->Mode & ExecutionMode.Virtual8086) != 0;
        if (isVirtual8086) register->Set(selector, (ulong)selector << 4, 0xFFFF, 0xF3);
        else if (name == SegmentName.CS) register->Set(selector, (ulong)selector << 4, register->Limit, 0x93 | (register->AccessRights & 0xF000));
        else register->Set(selector, (ulong)selector << 4, register->Limit, register->AccessRights & ~SegmentRegister.UnusableBit);
    }

    /// <summary>Loads DS, ES, FS, GS or SS from a descriptor. SDM Vol. 2, "MOV—Move", "Loading of a segment register".</summary>
    internal bool TryLoadSegment(SegmentName name, ushort selector)
    {
        if (!HasDescriptors)
        {
            LoadRealSegment(name, selector);
            return true;
        }

        return name == SegmentName.SS ? TryLoadStackSegment(selector, State->Cpl, ExceptionVector.GeneralProtection, external: false) : TryLoadDataSegment(name, selector);
    }

    /// <summary>Marks a segment register unusable by a null selector.</summary>
    internal void LoadNullSegment(SegmentName name, ushort selector)
    {
        SegmentRegister* register = Segment(name);

        // A null selector leaves the base of FS and GS as it is in 64-bit mode's MSRs on some processors; Intel clears it.
        uint dpl = name == SegmentName.SS ? (uint)State->Cpl << 5 : 0;
        register->Set(selector, 0, 0, SegmentRegister.UnusableBit | dpl);
    }

    /// <summary>Loads SS for a privilege level. Faults with <paramref name="vector"/> (#GP, or #TS in stack switches).</summary>
    internal bool TryLoadStackSegment(ushort selector, int privilege, byte vector, bool external)
    {
        if (IsNull(selector))
        {
            bool allowed = Is64Bit && privilege < 3 && (selector & 3) == privilege && vector == ExceptionVector.GeneralProtection;
            if (!allowed) return Raise(vector, vector == ExceptionVector.GeneralProtection ? 0 : SelectorError(selector, external), FaultCause.Descriptor);
            LoadNullSegment(SegmentName.SS, selector);
            return true;
        }

        if (!TryFetchDescriptor(selector, vector, external, out Descriptor descriptor, out ulong address)) return false;
        bool fits = (selector & 3) == privilege && descriptor.IsWritableData && descriptor.Dpl == privilege;
        if (!fits) return Raise(vector, SelectorError(selector, external), FaultCause.Descriptor);
        if (!descriptor.IsPresent) return Raise(ExceptionVector.StackFault, SelectorError(selector, external), FaultCause.Descriptor);
        if (!TrySetAccessed(ref descriptor, address)) return false;
        Segment(SegmentName.SS)->Set(selector, descriptor.Base, descriptor.Limit, descriptor.AccessRights);
        return true;
    }

    private bool TryLoadDataSegment(SegmentName name, ushort selector)
    {
        if (IsNull(selector))
        {
            LoadNullSegment(name, selector);
            return true;
        }

        if (!TryFetchDescriptor(selector, ExceptionVector.GeneralProtection, external: false, out Descriptor descriptor, out ulong address)) return false;
        bool privilegeFits = descriptor.IsConforming || (descriptor.Dpl >= State->Cpl && descriptor.Dpl >= (selector & 3));
        if (!descriptor.IsReadable || !privilegeFits) return RaiseGeneralProtection(FaultCause.Descriptor, SelectorError(selector));
        if (!descriptor.IsPresent) return Raise(ExceptionVector.SegmentNotPresent, SelectorError(selector), FaultCause.Descriptor);
        if (!TrySetAccessed(ref descriptor, address)) return false;
        Segment(name)->Set(selector, descriptor.Base, descriptor.Limit, descriptor.AccessRights);
        return true;
    }

    private bool TryLocate(ushort selector, out ulong address)
    {
        uint offset = (uint)(selector & ~7);
        if ((selector & TableIndicator) == 0)
        {
            address = LinearOfTable(State->GdtrBase + offset);
            return offset + 7 <= State->GdtrLimit;
        }

        address = LinearOfTable(State->Ldtr.Base + offset);
        return !State->Ldtr.IsUnusable && offset + 7 <= State->Ldtr.Limit;
    }

    private ulong LinearOfTable(ulong linear) => IsLongMode ? linear : (uint)linear;
}
