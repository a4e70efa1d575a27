using System.Runtime.InteropServices;

namespace Emulator.Core.Bus;

/// <summary>What a physical page is made of.</summary>
public enum PhysicalRegionKind : byte
{
    /// <summary>Nothing decodes the address: reads give all ones, writes vanish.</summary>
    Hole,

    /// <summary>Read-write memory.</summary>
    Ram,

    /// <summary>Memory whose writes vanish.</summary>
    Rom,

    /// <summary>A device answers.</summary>
    Mmio,
}

/// <summary>The physical address space: RAM in one host allocation, ROM images, MMIO ranges and holes, by 4-KiB page.</summary>
public sealed unsafe class PhysicalMemory : IDisposable
{
    /// <summary>Bytes per page.</summary>
    public const int PageSize = 4096;

    private readonly List<Region> _regions = [];
    private readonly List<nint> _roms = [];
    private byte* _ram;

    /// <summary>Reserves RAM without touching it; the host commits pages as the guest uses them.</summary>
    /// <param name="ramBytes">Bytes of RAM, a multiple of 4 KiB. RAM above the hole below 4 GiB continues at 4 GiB.</param>
    /// <param name="lowRamLimit">The physical address where low RAM ends at the latest (start of the hole).</param>
    public PhysicalMemory(ulong ramBytes, ulong lowRamLimit = 0xC000_0000)
    {
        RamBytes = ramBytes;
        _ram = HostPages.Reserve(ramBytes);
        LowRamBytes = Math.Min(ramBytes, lowRamLimit);
        _regions.Add(new Region(0, LowRamBytes, PhysicalRegionKind.Ram, (nint)_ram, null));
        if (ramBytes > LowRamBytes)
        {
            _regions.Add(new Region(1UL << 32, ramBytes - LowRamBytes, PhysicalRegionKind.Ram, (nint)(_ram + LowRamBytes), null));
        }
    }

    /// <summary>Total bytes of RAM.</summary>
    public ulong RamBytes { get; }

    /// <summary>Bytes of RAM that start at physical address 0.</summary>
    public ulong LowRamBytes { get; }

    /// <summary>Accesses that fell into a hole, for the statistics.</summary>
    public ulong HoleAccesses { get; private set; }

    /// <summary>Raised for a write that did not come from the processor (DMA, loader): address and length in bytes.</summary>
    public event Action<ulong, ulong>? ExternalWrite;

    /// <summary>Raised when a range changed what it is made of: cached translations of it are stale.</summary>
    public event Action? MapChanged;

    /// <summary>Places a ROM image at a page-aligned physical address, over whatever was there.</summary>
    public void MapRom(ulong address, ReadOnlySpan<byte> image)
    {
        ulong size = ((ulong)image.Length + PageSize - 1) & ~(ulong)(PageSize - 1);
        byte* copy = HostPages.Reserve(size);
        image.CopyTo(new Span<byte>(copy, image.Length));
        _roms.Add((nint)copy);
        _regions.Add(new Region(address, size, PhysicalRegionKind.Rom, (nint)copy, null));
        MapChanged?.Invoke();
    }

    /// <summary>Places a device at a page-aligned physical range, over whatever was there.</summary>
    public void MapMmio(ulong address, ulong size, IMmioHandler handler)
    {
        _regions.Add(new Region(address, size, PhysicalRegionKind.Mmio, 0, handler));
        MapChanged?.Invoke();
    }

    /// <summary>Takes a device's range away again; what was under it answers.</summary>
    public void UnmapMmio(IMmioHandler handler)
    {
        _regions.RemoveAll(region => ReferenceEquals(region.Handler, handler));
        MapChanged?.Invoke();
    }

    /// <summary>Tells what a page is made of, and its host memory when it has any.</summary>
    public PhysicalPage Lookup(ulong address)
    {
        ulong page = address & ~(ulong)(PageSize - 1);
        for (int i = _regions.Count - 1; i >= 0; i--)
        {
            Region region = _regions[i];
            if (page - region.Start < region.Size)
            {
                byte* host = region.Host == 0 ? null : (byte*)region.Host + (page - region.Start);
                return new PhysicalPage(region.Kind, host, region.Handler, page - region.Start);
            }
        }

        return new PhysicalPage(PhysicalRegionKind.Hole, null, null, 0);
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes that do not cross a page.</summary>
    public ulong Read(ulong address, int size)
    {
        PhysicalPage page = Lookup(address);
        int offset = (int)(address & (PageSize - 1));
        switch (page.Kind)
        {
            case PhysicalRegionKind.Ram or PhysicalRegionKind.Rom:
                // SAFETY: offset + size stays inside the page (the callers split page-crossing accesses).
                return size switch
                {
                    1 => page.Host[offset],
                    2 => *(ushort*)(page.Host + offset),
                    4 => *(uint*)(page.Host + offset),
                    _ => *(ulong*)(page.Host + offset),
                };
            case PhysicalRegionKind.Mmio:
                return page.Handler!.Read(page.HandlerOffset + (ulong)offset, size);
            default:
                HoleAccesses++;
                return size == 8 ? ulong.MaxValue : (1UL << (size * 8)) - 1;
        }
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes that do not cross a page; ROM and holes swallow them.</summary>
    public void Write(ulong address, int size, ulong value)
    {
        PhysicalPage page = Lookup(address);
        int offset = (int)(address & (PageSize - 1));
        switch (page.Kind)
        {
            case PhysicalRegionKind.Ram:
                switch (size)
                {
                    case 1: page.Host[offset] = (byte)value; break;
                    case 2: *(ushort*)(page.Host + offset) = (ushort)value; break;
                    case 4: *(uint*)(page.Host + offset) = (uint)value; break;
                    default: *(ulong*)(page.Host + offset) = value; break;
                }

                break;
            case PhysicalRegionKind.Mmio:
                page.Handler!.Write(page.HandlerOffset + (ulong)offset, size, value);
                break;
            case PhysicalRegionKind.Hole:
                HoleAccesses++;
                break;
        }
    }

    /// <summary>Gives a window on RAM or ROM, or false when the range leaves one contiguous piece of it.</summary>
    public bool TrySlice(ulong address, ulong length, out Span<byte> bytes)
    {
        bytes = default;
        if (length > int.MaxValue || address + length < address) return false;
        for (int i = _regions.Count - 1; i >= 0; i--)
        {
            Region region = _regions[i];
            bool startsInside = address - region.Start < region.Size;
            if (startsInside && region.Host != 0 && length <= region.Size - (address - region.Start))
            {
                bytes = new Span<byte>((byte*)region.Host + (address - region.Start), (int)length);
                return true;
            }

            if (startsInside) return false;
        }

        return false;
    }

    /// <summary>Copies bytes into RAM as a loader or a DMA device does, and tells the processors about it.</summary>
    /// <returns>False, and nothing written, when the range is not RAM throughout.</returns>
    public bool TryCopyIn(ulong address, ReadOnlySpan<byte> source)
    {
        if (!TrySlice(address, (ulong)source.Length, out Span<byte> target)) return false;
        source.CopyTo(target);
        ExternalWrite?.Invoke(address, (ulong)source.Length);
        return true;
    }

    /// <summary>Frees the host memory.</summary>
    public void Dispose()
    {
        if (_ram == null) return;
        HostPages.Release(_ram);
        foreach (nint rom in _roms) HostPages.Release((byte*)rom);
        _ram = null;
    }

    private readonly record struct Region(ulong Start, ulong Size, PhysicalRegionKind Kind, nint Host, IMmioHandler? Handler);
}

/// <summary>One physical page, resolved.</summary>
public readonly unsafe struct PhysicalPage(PhysicalRegionKind kind, byte* host, IMmioHandler? handler, ulong handlerOffset)
{
    /// <summary>What the page is made of.</summary>
    public PhysicalRegionKind Kind { get; } = kind;

    /// <summary>Its first byte in host memory, or null.</summary>
    public byte* Host { get; } = host;

    /// <summary>The device, when it is MMIO.</summary>
    public IMmioHandler? Handler { get; } = handler;

    /// <summary>Offset of the page in the device's range, in bytes.</summary>
    public ulong HandlerOffset { get; } = handlerOffset;
}
