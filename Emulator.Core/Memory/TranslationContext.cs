using System.Runtime.InteropServices;

namespace Emulator.Core.Memory;

/// <summary>The cached translations of one address space: what MOV to CR3 with PCID or a VM entry with VPID switches to.</summary>
internal sealed unsafe class TranslationContext : IDisposable
{
    /// <summary>Entries of one view; a power of two.</summary>
    public const int Entries = 1024;

    /// <summary>Entries of the instruction-fetch cache of one view.</summary>
    public const int FetchEntries = 256;

    /// <summary>Views: user, supervisor with SMAP in force, supervisor without.</summary>
    public const int Views = 3;

    private const int BloomWords = 64;
    private readonly TlbEntry* _entries;
    private readonly FetchEntry* _fetches;
    private readonly ulong* _fetchedPages;
    private readonly bool[] _used = new bool[Views];

    /// <summary>Makes an empty context.</summary>
    public TranslationContext()
    {
        _entries = (TlbEntry*)NativeMemory.AlignedAlloc((nuint)(Views * Entries * sizeof(TlbEntry)), 4096);
        _fetches = (FetchEntry*)NativeMemory.AlignedAlloc((nuint)(Views * FetchEntries * sizeof(FetchEntry)), 4096);
        _fetchedPages = (ulong*)NativeMemory.AllocZeroed(BloomWords * sizeof(ulong));
        Array.Fill(_used, true);
        Flush(0);
    }

    /// <summary>What the translations belong to.</summary>
    public ContextKey Key { get; set; }

    /// <summary>When it was last selected, for replacement.</summary>
    public long LastUse { get; set; }

    /// <summary>Part of the key of known block entries; a new one makes all of this context's unknown.</summary>
    public uint Epoch { get; private set; }

    /// <summary>The table of one view, about to be filled.</summary>
    public TlbEntry* View(int view)
    {
        _used[view] = true;
        return _entries + (view * Entries);
    }

    /// <summary>The slot for a linear page in one view.</summary>
    public static TlbEntry* Slot(TlbEntry* view, ulong linear) => view + ((linear >> 12) & (Entries - 1));

    /// <summary>The slot for a fetched page in one view.</summary>
    public FetchEntry* FetchSlot(int view, ulong linear)
        => _fetches + (view * FetchEntries) + (int)((linear >> 12) & (FetchEntries - 1));

    /// <summary>Remembers that block entries of this page may be known.</summary>
    public void NoteFetch(ulong linear) => _fetchedPages[(linear >> 18) & (BloomWords - 1)] |= 1UL << (int)((linear >> 12) & 63);

    /// <summary>Drops everything.</summary>
    public void Flush(uint epoch)
    {
        Epoch = epoch;
        new Span<ulong>(_fetchedPages, BloomWords).Clear();
        for (int view = 0; view < Views; view++)
        {
            if (!_used[view]) continue;
            _used[view] = false;

            // All bytes ones: no tag equals a page address.
            NativeMemory.Fill(_entries + (view * Entries), (nuint)(Entries * sizeof(TlbEntry)), 0xFF);
            NativeMemory.Fill(_fetches + (view * FetchEntries), (nuint)(FetchEntries * sizeof(FetchEntry)), 0xFF);
        }
    }

    /// <summary>Drops one page.</summary>
    /// <returns>True when block entries on it may be known: the caller gives the context a new epoch.</returns>
    public bool FlushPage(ulong linear)
    {
        for (int view = 0; view < Views; view++)
        {
            TlbEntry* entry = Slot(_entries + (view * Entries), linear);
            entry->ReadTag = entry->WriteTag = ulong.MaxValue;
            FetchSlot(view, linear)->Tag = ulong.MaxValue;
        }

        return (_fetchedPages[(linear >> 18) & (BloomWords - 1)] & (1UL << (int)((linear >> 12) & 63))) != 0;
    }

    /// <summary>Forgets known block entries.</summary>
    public void NewEpoch(uint epoch)
    {
        Epoch = epoch;
        new Span<ulong>(_fetchedPages, BloomWords).Clear();
    }

    /// <summary>Sends writes to a physical page to the slow path from now on: it holds decoded code.</summary>
    public void ProtectPhysicalPage(ulong physicalPage)
    {
        for (int view = 0; view < Views; view++)
        {
            if (!_used[view]) continue;
            TlbEntry* entry = _entries + (view * Entries);
            for (int i = 0; i < Entries; i++, entry++)
            {
                if (entry->Physical == physicalPage && (entry->WriteTag & 0xFFF) == 0) entry->WriteTag |= TlbEntry.SlowBit;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_entries);
        NativeMemory.AlignedFree(_fetches);
        NativeMemory.Free(_fetchedPages);
    }
}

/// <summary>Identity of a translation context. SDM Vol. 3A, "Process-Context Identifiers (PCIDs)"; Vol. 3C, "VPIDs".</summary>
/// <param name="Pcid">CR3[11:0] with CR4.PCIDE, else 0.</param>
/// <param name="Mode">The control bits that translations depend on.</param>
/// <param name="ExtensionTag">VPID and EPTP.</param>
internal readonly record struct ContextKey(ushort Pcid, ulong Mode, ulong ExtensionTag);

/// <summary>A cached translation for instruction fetches.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FetchEntry
{
    /// <summary>Linear page address, or all ones.</summary>
    public ulong Tag;

    /// <summary>Physical page address.</summary>
    public ulong Physical;
}
