using System.Runtime.InteropServices;

namespace Emulator.Core.Execution;

/// <summary>Segment registers in the order of their encoding, then LDTR and TR.</summary>
public enum SegmentName
{
#pragma warning disable CS1591 // The names are the SDM's.
    ES,
    CS,
    SS,
    DS,
    FS,
    GS,
    LDTR,
    TR,
#pragma warning restore CS1591
}

/// <summary>A segment register with its hidden part. SDM Vol. 3A, "Segment Registers".</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SegmentRegister
{
    /// <summary>Base address. 32 bits except for FS, GS, LDTR and TR in IA-32e mode.</summary>
    public ulong Base;

    /// <summary>Highest offset that a read can use without looking at the type, or -1 when every read must look.</summary>
    public long ReadLimit;

    /// <summary>Highest offset that a write can use without looking at the type, or -1 when every write must look.</summary>
    public long WriteLimit;

    /// <summary>Limit in bytes, after scaling by G.</summary>
    public uint Limit;

    /// <summary>Type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15, unusable 16: the format of the VMCS.</summary>
    public uint AccessRights;

    /// <summary>The visible part.</summary>
    public ushort Selector;

    /// <summary>Bit 16 of the access rights: a null selector was loaded.</summary>
    public const uint UnusableBit = 1u << 16;

    /// <summary>True when the segment must not be used (null selector).</summary>
    public readonly bool IsUnusable => (AccessRights & UnusableBit) != 0;

    /// <summary>Type field, bits 3:0.</summary>
    public readonly uint Type => AccessRights & 0xF;

    /// <summary>Descriptor privilege level.</summary>
    public readonly int Dpl => (int)(AccessRights >> 5) & 3;

    /// <summary>Present bit.</summary>
    public readonly bool IsPresent => (AccessRights & 0x80) != 0;

    /// <summary>L: 64-bit code.</summary>
    public readonly bool IsLong => (AccessRights & 0x2000) != 0;

    /// <summary>D/B: 32-bit code or stack, or upper bound 4 GiB.</summary>
    public readonly bool IsBig => (AccessRights & 0x4000) != 0;

    /// <summary>S: a code or data segment, not a system segment.</summary>
    public readonly bool IsCodeOrData => (AccessRights & 0x10) != 0;

    /// <summary>A code segment.</summary>
    public readonly bool IsCode => (AccessRights & 0x18) == 0x18;

    /// <summary>Expand-down data.</summary>
    public readonly bool IsExpandDown => (AccessRights & 0x1C) == 0x14;

    /// <summary>Data that may be written.</summary>
    public readonly bool IsWritable => (AccessRights & 0x1A) == 0x12;

    /// <summary>Data, or code that may be read.</summary>
    public readonly bool IsReadable => (AccessRights & 0x18) == 0x10 || (AccessRights & 0x1A) == 0x1A;

    /// <summary>Sets every part at once and derives the fast limits.</summary>
    public void Set(ushort selector, ulong baseAddress, uint limit, uint accessRights)
    {
        Selector = selector;
        Base = baseAddress;
        Limit = limit;
        AccessRights = accessRights;
        bool simple = !IsUnusable && IsPresent && IsCodeOrData && !IsExpandDown;
        ReadLimit = simple && IsReadable ? limit : -1;
        WriteLimit = simple && IsWritable ? limit : -1;
    }
}
