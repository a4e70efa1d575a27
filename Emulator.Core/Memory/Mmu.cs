using System.Runtime.InteropServices;
using Emulator.Core.Bus;
using Emulator.Core.Execution;

namespace Emulator.Core.Memory;

/// <summary>Linear to physical: the pool of translation contexts, their selection and their invalidation.</summary>
/// <remarks>SDM Vol. 3A, "Caching Translation Information". Entries are always 4 KiB, whatever the page size.</remarks>
internal sealed unsafe class Mmu : IDisposable
{
    private const int PoolSize = 16;
    private const int UserView = 0;
    private const int SmapView = 1;
    private const int SupervisorView = 2;
    private const ulong PageMask = ~0xFFFUL;

    private readonly Processor _cpu;
    private readonly ProcessorState* _state;
    private readonly TranslationContext[] _pool = new TranslationContext[PoolSize];
    private readonly TlbEntry* _alwaysSlow;
    private readonly PageWalk _walk;
    private readonly Dictionary<(uint Epoch, ulong CodeBase, uint CodeLimit), uint> _legacyKeys = [];
    private TranslationContext _current;
    private uint _nextEpoch = 1;
    private long _useCount;

    public Mmu(Processor cpu)
    {
        _cpu = cpu;
        _state = cpu.State;
        _walk = new PageWalk(cpu);
        for (int i = 0; i < PoolSize; i++) _pool[i] = new TranslationContext { Key = new ContextKey(0, ulong.MaxValue, 0) };
        _current = _pool[0];
        _alwaysSlow = (TlbEntry*)NativeMemory.AlignedAlloc(TranslationContext.Entries * (nuint)sizeof(TlbEntry), 4096);
        NativeMemory.Fill(_alwaysSlow, TranslationContext.Entries * (nuint)sizeof(TlbEntry), 0xFF);
        cpu.Memory.MapChanged += FlushAll;
    }

    /// <summary>Translations that missed the TLB, for the statistics.</summary>
    public long Misses { get; private set; }

    /// <summary>Contexts emptied, for the statistics.</summary>
    public long Flushes { get; private set; }

    /// <summary>ANDed with every physical address: clears bit 20 while the A20 line is masked.</summary>
    public ulong A20Mask { get; private set; } = ulong.MaxValue;

    /// <summary>Forces every data access to the slow path: data breakpoints or alignment checks are on.</summary>
    public bool WatchAccesses { get; set; }

    /// <summary>Masks or unmasks the A20 line.</summary>
    public void SetA20(bool enabled)
    {
        ulong mask = enabled ? ulong.MaxValue : ~(1UL << 20);
        if (mask == A20Mask) return;
        A20Mask = mask;
        FlushAll();
    }

    /// <summary>Makes the context of the current registers current: after any change of CR0, CR3, CR4, EFER, CPL, AC.</summary>
    public void SelectContext()
    {
        ContextKey key = CurrentKey();
        if (_current.Key != key) _current = Find(key);
        _current.LastUse = ++_useCount;
        _state->Tlb = AccessesAreWatched() ? _alwaysSlow : _current.View(CurrentView());
        UpdateLookupKey();
    }

    /// <summary>Translates for an access at a privilege. False: a #PF or an extension's event is pending.</summary>
    public bool TryTranslate(ulong linear, AccessKind kind, Privilege privilege, out ulong physical)
    {
        int view = ViewOf(privilege);
        TlbEntry* entry = TranslationContext.Slot(_current.View(view), linear);
        ulong tag = kind == AccessKind.Write ? entry->WriteTag : entry->ReadTag;
        if ((tag & ~TlbEntry.SlowBit) == (linear & PageMask))
        {
            physical = entry->Physical | (linear & ~PageMask);
            return true;
        }

        Misses++;
        if (!_walk.TryWalk(linear, kind, privilege, out PageTranslation translation))
        {
            physical = 0;
            return false;
        }

        translation = translation with { Physical = translation.Physical & A20Mask };
        Fill(entry, linear & PageMask, translation);
        physical = translation.Physical | (linear & ~PageMask);
        return true;
    }

    /// <summary>Translates an instruction fetch at the current privilege. False: a fault is pending.</summary>
    public bool TryTranslateFetch(ulong linear, out ulong physical)
    {
        FetchEntry* entry = _current.FetchSlot(_state->Cpl == 3 ? UserView : SupervisorView, linear);
        if (entry->Tag == (linear & PageMask))
        {
            physical = entry->Physical | (linear & ~PageMask);
            _current.NoteFetch(linear);
            return true;
        }

        if (!_walk.TryWalk(linear, AccessKind.Fetch, _cpu.CurrentPrivilege, out PageTranslation translation))
        {
            physical = 0;
            return false;
        }

        // The view is marked as used so that a flush reaches its fetch entries.
        _ = _current.View(_state->Cpl == 3 ? UserView : SupervisorView);
        _current.NoteFetch(linear);
        entry->Tag = linear & PageMask;
        entry->Physical = translation.Physical & A20Mask;
        physical = entry->Physical | (linear & ~PageMask);
        return true;
    }

    /// <summary>Host memory of a linear address when the TLB knows it as plain RAM; no side effects otherwise.</summary>
    public bool TryHostPage(ulong linear, AccessKind kind, out byte* host, out int bytesToPageEnd)
    {
        TlbEntry* entry = TranslationContext.Slot(_state->Tlb, linear);
        ulong tag = kind == AccessKind.Write ? entry->WriteTag : entry->ReadTag;
        host = (byte*)(linear + entry->Addend);
        bytesToPageEnd = 4096 - (int)(linear & 0xFFF);
        return tag == (linear & PageMask);
    }

    /// <summary>INVLPG: drops one page of the current address space, global or not. SDM Vol. 2, "INVLPG".</summary>
    public void InvalidatePage(ulong linear)
    {
        // A global translation may be cached under any PCID: all contexts of the same virtual processor lose the page.
        foreach (TranslationContext context in _pool)
        {
            if (context.Key.ExtensionTag == _current.Key.ExtensionTag && context.FlushPage(linear)) context.NewEpoch(_nextEpoch++);
        }

        UpdateLookupKey();
    }

    /// <summary>Drops the translations of one PCID of the current virtual processor (all that are not global).</summary>
    public void FlushPcid(ushort pcid) => FlushWhere(key => key.ExtensionTag == _current.Key.ExtensionTag && key.Pcid == pcid);

    /// <summary>Drops everything of the current virtual processor.</summary>
    public void FlushCurrentProcessor() => FlushWhere(key => key.ExtensionTag == _current.Key.ExtensionTag);

    /// <summary>MOV to CR3 without PCIDs, and its like: the current address space's non-global translations.</summary>
    public void Flush(bool keepGlobal)
    {
        if (keepGlobal) FlushPcid(CurrentKey().Pcid);
        else FlushCurrentProcessor();
    }

    /// <summary>Drops the contexts that the extension names (INVEPT, INVVPID).</summary>
    public void FlushTagged(Func<ulong, bool> matches) => FlushWhere(key => matches(key.ExtensionTag));

    /// <summary>Drops everything.</summary>
    public void FlushAll() => FlushWhere(static _ => true);

    /// <summary>Loads the PDPTEs of PAE paging. False: #GP(0) is pending. SDM Vol. 3A, "PDPTE Registers".</summary>
    public bool TryLoadPdptes(ulong cr3) => _walk.TryLoadPdptes(cr3);

    /// <summary>Forgets all known block entries (the block cache was emptied).</summary>
    public void ForgetBlocks()
    {
        foreach (TranslationContext context in _pool) context.NewEpoch(_nextEpoch++);
        UpdateLookupKey();
    }

    /// <summary>A physical page got decoded code: writes to it must be seen.</summary>
    public void ProtectPhysicalPage(ulong physicalPage)
    {
        foreach (TranslationContext context in _pool) context.ProtectPhysicalPage(physicalPage);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cpu.Memory.MapChanged -= FlushAll;
        foreach (TranslationContext context in _pool) context.Dispose();
        NativeMemory.AlignedFree(_alwaysSlow);
    }

    /// <summary>Recomputes what known block entries must carry.</summary>
    public void UpdateLookupKey()
    {
        ExecutionMode mode = _state->Mode & ~ExecutionMode.OneInstruction;

        // Without flat code every block entry checks the limit of CS, so none is ever "known".
        _state->LookupKey = (mode & ExecutionMode.FlatCode) == 0 ? 0 : ((ulong)KeyEpoch() << 32) | (uint)mode;
    }

    private uint KeyEpoch()
    {
        if ((_state->Mode & ExecutionMode.Code64) != 0 || _state->Cs.Base == 0) return _current.Epoch;
        var key = (_current.Epoch, _state->Cs.Base, _state->Cs.Limit);
        if (_legacyKeys.TryGetValue(key, out uint epoch)) return epoch;
        if (_legacyKeys.Count > 256) _legacyKeys.Clear();
        return _legacyKeys[key] = _nextEpoch++;
    }

    private ContextKey CurrentKey()
    {
        ulong cr0 = _state->Cr0;
        ulong tag = _cpu.Extension?.TranslationTag ?? 0;
        if ((cr0 & ControlRegisters.Cr0PG) == 0) return new ContextKey(0, 0, tag);
        const ulong cr4Bits = ControlRegisters.Cr4PSE | ControlRegisters.Cr4PAE | ControlRegisters.Cr4PGE | ControlRegisters.Cr4LA57
            | ControlRegisters.Cr4SMEP | ControlRegisters.Cr4SMAP | ControlRegisters.Cr4PCIDE;
        ulong mode = (_state->Cr4 & cr4Bits)
            | (cr0 & (ControlRegisters.Cr0WP | ControlRegisters.Cr0PG))
            | ((_state->Efer & (ControlRegisters.EferLMA | ControlRegisters.EferNXE)) << 32);
        ushort pcid = (_state->Cr4 & ControlRegisters.Cr4PCIDE) != 0 ? (ushort)(_state->Cr3 & 0xFFF) : (ushort)0;
        return new ContextKey(pcid, mode, tag);
    }

    private TranslationContext Find(ContextKey key)
    {
        TranslationContext oldest = _pool[0];
        foreach (TranslationContext context in _pool)
        {
            if (context.Key == key) return context;
            if (context.LastUse < oldest.LastUse) oldest = context;
        }

        oldest.Flush(_nextEpoch++);
        oldest.Key = key;
        return oldest;
    }

    private void FlushWhere(Func<ContextKey, bool> matches)
    {
        foreach (TranslationContext context in _pool)
        {
            if (!matches(context.Key)) continue;
            context.Flush(_nextEpoch++);
            Flushes++;
        }

        if (_state->Tlb != null) SelectContext();
    }

    private int CurrentView() => _state->Cpl == 3 ? UserView : SmapInForce() ? SmapView : SupervisorView;

    private int ViewOf(Privilege privilege) => privilege switch
    {
        Privilege.User => UserView,
        Privilege.Supervisor => SmapInForce() ? SmapView : SupervisorView,
        _ => SmapView,
    };

    private bool SmapInForce()
        => (_state->Cr4 & ControlRegisters.Cr4SMAP) != 0 && (_state->SystemFlags & Rflags.AC) == 0;

    private bool AccessesAreWatched()
        => WatchAccesses
            || (_state->Cpl == 3 && (_state->SystemFlags & Rflags.AC) != 0 && (_state->Cr0 & ControlRegisters.Cr0AM) != 0);

    private void Fill(TlbEntry* entry, ulong linearPage, in PageTranslation translation)
    {
        PhysicalPage page = _cpu.Memory.Lookup(translation.Physical);
        ulong readSlow = page.Host == null ? TlbEntry.SlowBit : 0;
        ulong writeSlow = page.Kind != PhysicalRegionKind.Ram || _cpu.Blocks.HasCode(translation.Physical) ? TlbEntry.SlowBit : 0;
        entry->ReadTag = translation.CanRead ? linearPage | readSlow : ulong.MaxValue;
        entry->WriteTag = translation.CanWrite ? linearPage | writeSlow : ulong.MaxValue;
        entry->Addend = (ulong)page.Host - linearPage;
        entry->Physical = translation.Physical;
        if (translation.CanWrite && writeSlow == 0) _cpu.Blocks.NoteWritable(translation.Physical);
    }
}
