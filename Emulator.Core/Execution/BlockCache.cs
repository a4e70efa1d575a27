using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emulator.Core.Decoding;

namespace Emulator.Core.Execution;

/// <summary>Decoded blocks by physical address and mode, and which physical pages they stand on.</summary>
/// <remarks>
/// A write to a page with blocks drops all blocks of that page: their handlers become <see cref="Interpreter.Stale"/>, so
/// that a block that modifies itself ends before its next instruction. Memory is reclaimed only by emptying everything.
/// </remarks>
internal sealed unsafe class BlockCache : IDisposable
{
    private const int ChunkOperations = 16384;
    private const int MaxChunks = 128;
    private const int LineShift = 6;

    private readonly Processor _cpu;
    private readonly Dictionary<BlockKey, nint> _blocks = [];
    private readonly Dictionary<ulong, CodePage> _pages = [];
    private readonly List<nint> _chunks = [];
    private readonly ulong[] _codeBits;
    private readonly ulong[] _writableBits;
    private int _chunkIndex = -1;
    private int _used = ChunkOperations;

    public BlockCache(Processor cpu)
    {
        _cpu = cpu;

        // One bit per page up to the top of RAM (which continues above 4 GiB when there is a hole).
        ulong top = cpu.Memory.RamBytes > cpu.Memory.LowRamBytes
            ? (1UL << 32) + cpu.Memory.RamBytes - cpu.Memory.LowRamBytes
            : cpu.Memory.LowRamBytes;
        int words = (int)((top >> 18) + 1);
        _codeBits = new ulong[words];
        _writableBits = new ulong[words];
        cpu.Memory.ExternalWrite += OnExternalWrite;
        cpu.Memory.MapChanged += Clear;
    }

    /// <summary>Blocks decoded, for the statistics.</summary>
    public long Decoded { get; private set; }

    /// <summary>Pages whose blocks were dropped by a write, for the statistics.</summary>
    public long Invalidations { get; private set; }

    /// <summary>Finds a block, or null.</summary>
    public Operation* Find(ulong physical, ExecutionMode mode)
        => _blocks.TryGetValue(new BlockKey(physical, mode), out nint block) ? (Operation*)block : null;

    /// <summary>Enters a block; <paramref name="bytes"/> bytes of code from its address on are watched for writes.</summary>
    public void Add(ulong physical, ExecutionMode mode, Operation* block, int operations, int bytes)
    {
        Decoded++;
        _blocks[new BlockKey(physical, mode)] = (nint)block;
        int onThisPage = Math.Min(bytes, 4096 - (int)(physical & 0xFFF));
        Watch(physical, onThisPage, new BlockSpan(new BlockKey(physical, mode), (nint)block, operations));
    }

    /// <summary>Makes a block also depend on the start of a second page (an instruction that crosses into it).</summary>
    public void AddSecondPage(ulong secondPhysical, int bytes, ulong physical, ExecutionMode mode, Operation* block, int operations)
        => Watch(secondPhysical, bytes, new BlockSpan(new BlockKey(physical, mode), (nint)block, operations));

    /// <summary>Room for <paramref name="count"/> operations, zeroed.</summary>
    public Operation* Allocate(int count)
    {
        if (_used + count > ChunkOperations)
        {
            _chunkIndex++;
            _used = 0;
            if (_chunkIndex == _chunks.Count)
            {
                _chunks.Add((nint)NativeMemory.AlignedAlloc(ChunkOperations * (nuint)sizeof(Operation), 64));
            }
        }

        var operation = (Operation*)_chunks[_chunkIndex] + _used;
        _used += count;
        NativeMemory.Clear(operation, (nuint)(count * sizeof(Operation)));
        return operation;
    }

    /// <summary>True when so much is decoded that everything should be dropped, from the run loop, where no block runs.</summary>
    public bool IsFull => _chunkIndex >= MaxChunks - 1;

    /// <summary>Drops every block and reuses the memory. Only while no block is in execution.</summary>
    public void Clear()
    {
        foreach (CodePage page in _pages.Values) MakeStale(page);
        _pages.Clear();
        _blocks.Clear();
        Array.Clear(_codeBits);
        if (!_cpu.IsExecuting)
        {
            _chunkIndex = -1;
            _used = ChunkOperations;
        }

        _cpu.Mmu?.ForgetBlocks();
    }

    /// <summary>Whether blocks stand on a physical page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool HasCode(ulong physical) => Test(_codeBits, physical >> 12);

    /// <summary>A TLB entry now allows fast writes to this page.</summary>
    public void NoteWritable(ulong physical) => Set(_writableBits, physical >> 12);

    /// <summary>Bytes are about to be, or were, written: blocks on them are stale.</summary>
    public void OnWrite(ulong physical, int size)
    {
        if (!HasCode(physical)) return;
        InvalidateRange(physical, (ulong)size);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cpu.Memory.ExternalWrite -= OnExternalWrite;
        _cpu.Memory.MapChanged -= Clear;
        foreach (nint chunk in _chunks) NativeMemory.AlignedFree((void*)chunk);
        _chunks.Clear();
    }

    private static bool Test(ulong[] bits, ulong page)
        => (page >> 6) < (ulong)bits.Length && (bits[page >> 6] & (1UL << (int)(page & 63))) != 0;

    private static void Set(ulong[] bits, ulong page)
    {
        if ((page >> 6) < (ulong)bits.Length) bits[page >> 6] |= 1UL << (int)(page & 63);
    }

    private static ulong Lines(ulong offset, int bytes)
    {
        int first = (int)(offset >> LineShift);
        int last = (int)((offset + (ulong)bytes - 1) >> LineShift);
        return (ulong.MaxValue >> (63 - last)) & (ulong.MaxValue << first);
    }

    private void Watch(ulong physical, int bytes, BlockSpan span)
    {
        ulong pageNumber = physical >> 12;
        if (!_pages.TryGetValue(pageNumber, out CodePage? page))
        {
            page = new CodePage();
            _pages[pageNumber] = page;
            Set(_codeBits, pageNumber);
            if (Test(_writableBits, pageNumber))
            {
                _writableBits[pageNumber >> 6] &= ~(1UL << (int)(pageNumber & 63));
                _cpu.Mmu.ProtectPhysicalPage(physical & ~0xFFFUL);
            }
        }

        page.Lines |= Lines(physical & 0xFFF, bytes);
        page.Blocks.Add(span);
    }

    private void OnExternalWrite(ulong physical, ulong length) => InvalidateRange(physical, length);

    private void InvalidateRange(ulong physical, ulong length)
    {
        while (length > 0)
        {
            ulong step = Math.Min(length, 4096 - (physical & 0xFFF));
            if (HasCode(physical)) InvalidatePage(physical, (int)step);
            physical += step;
            length -= step;
        }
    }

    private void InvalidatePage(ulong physical, int bytes)
    {
        ulong pageNumber = physical >> 12;
        CodePage page = _pages[pageNumber];
        if ((page.Lines & Lines(physical & 0xFFF, bytes)) == 0) return;
        MakeStale(page);
        _pages.Remove(pageNumber);
        _codeBits[pageNumber >> 6] &= ~(1UL << (int)(pageNumber & 63));
        Invalidations++;
    }

    private void MakeStale(CodePage page)
    {
        foreach (BlockSpan span in page.Blocks)
        {
            if (_blocks.TryGetValue(span.Key, out nint current) && current == span.Block) _blocks.Remove(span.Key);
            var operation = (Operation*)span.Block;
            for (int i = 0; i < span.Operations; i++) operation[i].Handler = (delegate*<ProcessorState*, Operation*, long, long>)Interpreter.StaleHandler;
        }
    }

    /// <summary>Identity of a block.</summary>
    private readonly record struct BlockKey(ulong Physical, ExecutionMode Mode);

    private readonly record struct BlockSpan(BlockKey Key, nint Block, int Operations);

    private sealed class CodePage
    {
        public ulong Lines { get; set; }

        public List<BlockSpan> Blocks { get; } = [];
    }
}
