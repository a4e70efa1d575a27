using Emulator.Core.Execution;

namespace Emulator.Core.Segmentation;

/// <summary>A segment or gate descriptor as it stands in a table. SDM Vol. 3A, "Segment Descriptors", "Call Gates", "IDT Descriptors".</summary>
/// <param name="low">The eight bytes that every descriptor has.</param>
/// <param name="high">Bytes 8 to 15 of a system descriptor in IA-32e mode, else 0.</param>
internal readonly struct Descriptor(ulong low, ulong high)
{
    /// <summary>Accessed bit of a code or data segment, within the eight bytes.</summary>
    public const ulong AccessedBit = 1UL << 40;

    /// <summary>Busy bit of a TSS descriptor, within the eight bytes.</summary>
    public const ulong BusyBit = 1UL << 41;

    /// <summary>The eight bytes.</summary>
    public ulong Low { get; } = low;

    /// <summary>Bytes 8 to 15, or 0.</summary>
    public ulong High { get; } = high;

    /// <summary>Base address.</summary>
    public ulong Base => ((Low >> 16) & 0xFF_FFFF) | ((Low >> 32) & 0xFF00_0000) | ((High & 0xFFFF_FFFF) << 32);

    /// <summary>Limit in bytes.</summary>
    public uint Limit
    {
        get
        {
            var raw = (uint)((Low & 0xFFFF) | ((Low >> 32) & 0xF_0000));
            return (Low & (1UL << 55)) != 0 ? (raw << 12) | 0xFFF : raw;
        }
    }

    /// <summary>Access rights in the format of <see cref="SegmentRegister.AccessRights"/>.</summary>
    public uint AccessRights => (uint)(Low >> 40) & 0xF0FF;

    /// <summary>Type field.</summary>
    public uint Type => (uint)(Low >> 40) & 0xF;

    /// <summary>S: code or data.</summary>
    public bool IsCodeOrData => (Low & (1UL << 44)) != 0;

    /// <summary>DPL.</summary>
    public int Dpl => (int)(Low >> 45) & 3;

    /// <summary>P.</summary>
    public bool IsPresent => (Low & (1UL << 47)) != 0;

    /// <summary>L of a code segment.</summary>
    public bool IsLong => (Low & (1UL << 53)) != 0;

    /// <summary>D/B.</summary>
    public bool IsBig => (Low & (1UL << 54)) != 0;

    /// <summary>A code segment.</summary>
    public bool IsCode => IsCodeOrData && (Type & 8) != 0;

    /// <summary>A conforming code segment.</summary>
    public bool IsConforming => IsCode && (Type & 4) != 0;

    /// <summary>Readable code, or data.</summary>
    public bool IsReadable => IsCodeOrData && ((Type & 8) == 0 || (Type & 2) != 0);

    /// <summary>Writable data.</summary>
    public bool IsWritableData => IsCodeOrData && (Type & 0xA) == 2;

    /// <summary>Selector of a gate.</summary>
    public ushort GateSelector => (ushort)(Low >> 16);

    /// <summary>Offset of a gate; the upper half counts in IA-32e mode only.</summary>
    public ulong GateOffset => (Low & 0xFFFF) | ((Low >> 32) & 0xFFFF_0000) | ((High & 0xFFFF_FFFF) << 32);

    /// <summary>Parameter count of a call gate.</summary>
    public int GateParameters => (int)(Low >> 32) & 31;

    /// <summary>IST index of an IDT gate in IA-32e mode.</summary>
    public int InterruptStack => (int)(Low >> 32) & 7;
}

/// <summary>Types of system descriptors. SDM Vol. 3A, "System-Segment and Gate-Descriptor Types".</summary>
internal static class SystemType
{
#pragma warning disable CS1591
    public const uint AvailableTss16 = 1;
    public const uint Ldt = 2;
    public const uint BusyTss16 = 3;
    public const uint CallGate16 = 4;
    public const uint TaskGate = 5;
    public const uint InterruptGate16 = 6;
    public const uint TrapGate16 = 7;
    public const uint AvailableTss32 = 9;
    public const uint BusyTss32 = 11;
    public const uint CallGate32 = 12;
    public const uint InterruptGate32 = 14;
    public const uint TrapGate32 = 15;
#pragma warning restore CS1591
}
