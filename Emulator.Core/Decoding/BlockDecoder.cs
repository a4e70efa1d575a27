using System.Runtime.InteropServices;
using Emulator.Core.Bus;
using Emulator.Core.Execution;
using Emulator.Core.Instructions;
using Iced.Intel;

namespace Emulator.Core.Decoding;

/// <summary>Turns guest bytes into a block of operations: straight-line code of one page, up to a branch.</summary>
internal sealed unsafe class BlockDecoder : IDisposable
{
    private const int MaxInstructions = 48;
    private const int MaxInstructionBytes = 15;
    private const int PageSize = 4096;

    private static readonly nint OneInstructionDone = HandlerEntry.Of(Interpreter.OneInstructionDone);
    private static readonly nint NextBlock = HandlerEntry.Of(Interpreter.NextBlock);

    private readonly Processor _cpu;
    private readonly PageCodeReader _reader = new();
    private readonly Iced.Intel.Decoder[] _decoders;
    private readonly Instruction[] _instructions = new Instruction[MaxInstructions];
    private readonly byte* _copy = (byte*)NativeMemory.AllocZeroed(PageSize);

    public BlockDecoder(Processor cpu)
    {
        _cpu = cpu;
        _decoders =
        [
            Iced.Intel.Decoder.Create(16, _reader),
            Iced.Intel.Decoder.Create(32, _reader),
            Iced.Intel.Decoder.Create(64, _reader),
        ];
    }

    /// <summary>Bytes from the first to the last byte of a block.</summary>
    public static int Bytes(Operation* block) => (int)block[-1].Immediate;

    /// <summary>Decodes the block at a linear address whose physical address is known. Null: a fault is pending.</summary>
    public Operation* Decode(ulong linear, ulong physical, ExecutionMode mode)
    {
        byte* page = HostPage(physical, out bool isCacheable);
        int offset = (int)(physical & (PageSize - 1));
        int limit = (mode & ExecutionMode.OneInstruction) != 0 ? 1 : MaxInstructions;
        Iced.Intel.Decoder decoder = DecoderFor(mode);
        int count = 0;
        int at = offset;
        bool ended = false;
        while (count < limit && at < PageSize && !ended)
        {
            _reader.Set(page + at, Math.Min(MaxInstructionBytes, PageSize - at));
            decoder.IP = (ulong)at;
            decoder.Decode(out _instructions[count]);
            if (decoder.LastError == DecoderError.NoMoreBytes && PageSize - at < MaxInstructionBytes)
            {
                if (count > 0) break;
                return DecodeAcrossPages(linear, physical, mode, page, at, decoder);
            }

            at += _instructions[count].Length;
            ended = EndsBlock(in _instructions[count], mode);
            count++;
        }

        return Build(physical, mode, count, at - offset, isCacheable, guard: false);
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(_copy);

    private static Iced.Intel.Decoder Select(Iced.Intel.Decoder[] decoders, ExecutionMode mode)
        => (mode & ExecutionMode.Code64) != 0 ? decoders[2] : (mode & ExecutionMode.Code32) != 0 ? decoders[1] : decoders[0];

    private Iced.Intel.Decoder DecoderFor(ExecutionMode mode) => Select(_decoders, mode);

    /// <summary>Host memory of the page; a copy, not to be cached, when a device or nothing answers.</summary>
    private byte* HostPage(ulong physical, out bool isCacheable)
    {
        PhysicalPage page = _cpu.Memory.Lookup(physical);
        isCacheable = page.Host != null;
        if (isCacheable) return page.Host;
        int offset = (int)(physical & (PageSize - 1));
        int last = Math.Min(PageSize, offset + MaxInstructionBytes);
        for (int i = offset; i < last; i++) _copy[i] = (byte)_cpu.Memory.Read((physical & ~0xFFFUL) + (ulong)i, 1);
        for (int i = last; i < PageSize; i++) _copy[i] = 0xFF;
        return _copy;
    }

    /// <summary>An instruction with bytes in two pages is a block of its own, guarded by the second page's translation.</summary>
    private Operation* DecodeAcrossPages(
        ulong linear, ulong physical, ExecutionMode mode, byte* page, int at, Iced.Intel.Decoder decoder)
    {
        ulong next = (linear | 0xFFF) + 1;
        if ((mode & ExecutionMode.Code64) == 0) next = (uint)next;
        if ((mode & ExecutionMode.Code64) != 0 && !Processor.IsCanonical(next))
        {
            _cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
            return null;
        }

        if (!_cpu.Mmu.TryTranslateFetch(next, out ulong second)) return null;
        byte* bytes = stackalloc byte[MaxInstructionBytes];
        int first = PageSize - at;
        for (int i = 0; i < MaxInstructionBytes; i++)
        {
            bytes[i] = i < first ? page[at + i] : (byte)_cpu.Memory.Read(second + (ulong)(i - first), 1);
        }

        _reader.Set(bytes, MaxInstructionBytes);
        decoder.IP = (ulong)at;
        decoder.Decode(out _instructions[0]);
        int length = _instructions[0].Length;
        bool cacheable = _cpu.Memory.Lookup(physical).Host != null && _cpu.Memory.Lookup(second).Host != null;
        Operation* block = Build(physical, mode, 1, length, cacheable, guard: true);
        block->Immediate = (long)(second & ~0xFFFUL);
        block->Displacement = (long)physical;
        if (cacheable && length > first) _cpu.Blocks.AddSecondPage(second, length - first, physical, mode, block, 3);
        return block;
    }

    private bool EndsBlock(in Instruction instruction, ExecutionMode mode)
    {
        if (instruction.Code == Code.INVALID) return true;
        if (HandlerChoice.IsBranch(in instruction, mode)) return true;
        InstructionRow? row = InstructionTable.Find(in instruction);
        return row == null || row.Ends == Ends.Block;
    }

    private Operation* Build(ulong physical, ExecutionMode mode, int count, int bytes, bool isCacheable, bool guard)
    {
        int prefix = guard ? 1 : 0;
        Operation* header = _cpu.Blocks.Allocate(count + prefix + 2);
        header->Immediate = bytes;
        Operation* block = header + 1;
        Operation* next = block;
        if (guard)
        {
            next->Handler = &Interpreter.CrossPageGuard;
            next->PageOffset = (ushort)_instructions[0].IP;
            next->BlockInstructions = 1;
            next++;
        }

        uint deadFlags = 0;
        Span<bool> dead = stackalloc bool[count];
        for (int i = count - 1; i >= 0; i--)
        {
            dead[i] = FlagLiveness.AreDead(in _instructions[i], deadFlags);
            deadFlags = FlagLiveness.Before(in _instructions[i], deadFlags);
        }

        bool oneInstruction = (mode & ExecutionMode.OneInstruction) != 0;
        int position = 0;
        while (position < count)
        {
            ref readonly Instruction instruction = ref _instructions[position];
            next->PageOffset = (ushort)instruction.IP;
            next->Length = (byte)instruction.Length;
            next->InstructionIndex = (ushort)position;
            next->BlockInstructions = (ushort)count;
            bool fuses = position + 1 < count && HandlerChoice.TryFuse(in instruction, in _instructions[position + 1], mode, next);
            if (!fuses) Choose(in instruction, mode, dead[position], next);
            position += fuses ? 2 : 1;
            next++;
        }

        next->PageOffset = (ushort)(_instructions[count - 1].IP + (ulong)_instructions[count - 1].Length);
        next->InstructionIndex = (ushort)count;
        next->BlockInstructions = (ushort)count;
        next->Immediate = next->PageOffset;
        next->Handler = (delegate*<ProcessorState*, Operation*, long, long>)(oneInstruction ? OneInstructionDone : NextBlock);
        if (isCacheable) _cpu.Blocks.Add(physical, mode, block, (int)(next - block) + 1, bytes);
        return block;
    }

    private void Choose(in Instruction instruction, ExecutionMode mode, bool flagsAreDead, Operation* operation)
    {
        bool intercepted = (mode & ExecutionMode.NonRoot) != 0
            && _cpu.Extension?.Classify(in instruction) == Interception.Ask;
        if (!intercepted && instruction.Code != Code.INVALID && HandlerChoice.TryChoose(in instruction, mode, flagsAreDead, operation)) return;

        // A complex instruction keeps its decoded form beside the operations: 40 bytes in a 64-byte slot.
        Operation* slot = _cpu.Blocks.Allocate(1);
        *(Instruction*)slot = instruction;
        operation->Displacement = (long)slot;
        InstructionRow? row = instruction.Code == Code.INVALID ? null : InstructionTable.Find(in instruction);
        delegate*<ProcessorState*, Operation*, long, long> handler = row == null
            ? &Interpreter.Undefined
            : row.Handler;
        if (instruction.HasLockPrefix && row is { Lock: LockRule.InvalidOpcode }) handler = &Interpreter.Undefined;
        operation->Handler = handler;
        if (!intercepted) return;
        operation->Immediate = (long)handler;
        operation->Handler = &Interpreter.Intercepted;
    }
}
