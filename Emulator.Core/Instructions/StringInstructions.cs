using Emulator.Core.Execution;
using Emulator.Core.Memory;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS with REP. SDM Vol. 1, "String Instructions".</summary>
/// <remarks>
/// A repeated instruction works in bulk within pages of plain RAM, one element at a time elsewhere, and gives way to events
/// after <see cref="MaxElements"/> elements: RIP then still points at it, and its registers tell how far it came.
/// </remarks>
internal static unsafe class StringInstructions
{
    /// <summary>Elements at most between two looks at pending events.</summary>
    internal const ulong MaxElements = 16384;

    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        .. Simple.Select(static mnemonic => InstructionRow.Of<StringInstruction>(mnemonic, Ends.Block)),
        .. Ports.Select(static mnemonic => InstructionRow.Of<PortString>(mnemonic, Ends.Block)),
    ];

    private static IEnumerable<Mnemonic> Simple =>
    [
        Mnemonic.Movsb, Mnemonic.Movsw, Mnemonic.Movsd, Mnemonic.Movsq, Mnemonic.Stosb, Mnemonic.Stosw, Mnemonic.Stosd, Mnemonic.Stosq,
        Mnemonic.Lodsb, Mnemonic.Lodsw, Mnemonic.Lodsd, Mnemonic.Lodsq, Mnemonic.Cmpsb, Mnemonic.Cmpsw, Mnemonic.Cmpsd, Mnemonic.Cmpsq,
        Mnemonic.Scasb, Mnemonic.Scasw, Mnemonic.Scasd, Mnemonic.Scasq,
    ];

    private static IEnumerable<Mnemonic> Ports =>
        [Mnemonic.Insb, Mnemonic.Insw, Mnemonic.Insd, Mnemonic.Outsb, Mnemonic.Outsw, Mnemonic.Outsd];

    private enum Kind
    {
        Move,
        Store,
        Load,
        Compare,
        Scan,
    }

    /// <summary>What one execution needs to know.</summary>
    private readonly ref struct Shape(Kind kind, int size, ulong mask, SegmentName source, bool repeats, long step)
    {
        public Kind Kind { get; } = kind;

        public int Size { get; } = size;

        /// <summary>Mask of the address size, for rSI, rDI and rCX.</summary>
        public ulong Mask { get; } = mask;

        public SegmentName Source { get; } = source;

        public bool Repeats { get; } = repeats;

        /// <summary>Plus or minus the element size.</summary>
        public long Step { get; } = step;
    }

    private readonly struct StringInstruction : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            Shape shape = ShapeOf(state, in instruction);
            if (!shape.Repeats) return TryElement(cpu, state, in shape);
            ulong done = 0;
            while (Count(state, in shape) != 0)
            {
                if (done >= MaxElements)
                {
                    state->NextRip = state->Rip;
                    return true;
                }

                ulong bulk = TryBulk(cpu, state, in shape, MaxElements - done);
                if (bulk != 0)
                {
                    done += bulk;
                    continue;
                }

                // A fault shows the registers after the elements that are complete: each is written back before the next.
                if (!TryElement(cpu, state, in shape)) return false;
                Advance(state, 1, shape.Mask, -1);
                done++;
                bool compares = shape.Kind is Kind.Compare or Kind.Scan;
                if (compares && state->Flags.ZF == instruction.HasRepnePrefix) return true;
            }

            return true;
        }
    }

    private static Shape ShapeOf(ProcessorState* state, in Instruction instruction)
    {
        Kind kind = instruction.Mnemonic switch
        {
            Mnemonic.Movsb or Mnemonic.Movsw or Mnemonic.Movsd or Mnemonic.Movsq => Kind.Move,
            Mnemonic.Stosb or Mnemonic.Stosw or Mnemonic.Stosd or Mnemonic.Stosq => Kind.Store,
            Mnemonic.Lodsb or Mnemonic.Lodsw or Mnemonic.Lodsd or Mnemonic.Lodsq => Kind.Load,
            Mnemonic.Cmpsb or Mnemonic.Cmpsw or Mnemonic.Cmpsd or Mnemonic.Cmpsq => Kind.Compare,
            _ => Kind.Scan,
        };
        int size = instruction.MemorySize.GetSize();
        bool repeats = instruction.HasRepPrefix || instruction.HasRepnePrefix;
        return new Shape(kind, size, AddressMask(in instruction), SourceOf(in instruction), repeats, Step(state, size));
    }

    private static SegmentName SourceOf(in Instruction instruction)
        => instruction.SegmentPrefix == Register.None ? SegmentName.DS : (SegmentName)(instruction.SegmentPrefix - Register.ES);

    private static long Step(ProcessorState* state, int size) => (state->SystemFlags & Rflags.DF) != 0 ? -size : size;

    private static ulong AddressMask(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            switch (instruction.GetOpKind(i))
            {
                case OpKind.MemorySegSI or OpKind.MemoryESDI or OpKind.MemorySegDI: return ushort.MaxValue;
                case OpKind.MemorySegESI or OpKind.MemoryESEDI or OpKind.MemorySegEDI: return uint.MaxValue;
                case OpKind.MemorySegRSI or OpKind.MemoryESRDI or OpKind.MemorySegRDI: return ulong.MaxValue;
            }
        }

        return ulong.MaxValue;
    }

    private static ulong Count(ProcessorState* state, in Shape shape) => state->Gpr[1] & shape.Mask;

    /// <summary>Adds to rCX, rSI or rDI in the width of the address size.</summary>
    private static void Advance(ProcessorState* state, int register, ulong mask, long step)
    {
        ulong value = (state->Gpr[register] + (ulong)step) & mask;
        state->Gpr[register] = mask == ushort.MaxValue ? (state->Gpr[register] & ~mask) | value : value;
    }

    private const int Rsi = 6;
    private const int Rdi = 7;

    private static bool TryElement(Processor cpu, ProcessorState* state, in Shape shape)
    {
        ulong from = state->Gpr[Rsi] & shape.Mask;
        ulong to = state->Gpr[Rdi] & shape.Mask;
        ulong value;
        ulong other;
        switch (shape.Kind)
        {
            case Kind.Move:
                if (!cpu.TryReadSized(shape.Source, from, shape.Size, out value)) return false;
                if (!cpu.TryWriteSized(SegmentName.ES, to, shape.Size, value)) return false;
                Advance(state, Rsi, shape.Mask, shape.Step);
                Advance(state, Rdi, shape.Mask, shape.Step);
                return true;
            case Kind.Store:
                if (!cpu.TryWriteSized(SegmentName.ES, to, shape.Size, state->Gpr[0])) return false;
                Advance(state, Rdi, shape.Mask, shape.Step);
                return true;
            case Kind.Load:
                if (!cpu.TryReadSized(shape.Source, from, shape.Size, out value)) return false;
                cpu.WriteRegister(Accumulator(shape.Size), value);
                Advance(state, Rsi, shape.Mask, shape.Step);
                return true;
            case Kind.Compare:
                if (!cpu.TryReadSized(shape.Source, from, shape.Size, out value)) return false;
                if (!cpu.TryReadSized(SegmentName.ES, to, shape.Size, out other)) return false;
                Compare(state, value, other, shape.Size);
                Advance(state, Rsi, shape.Mask, shape.Step);
                Advance(state, Rdi, shape.Mask, shape.Step);
                return true;
            default:
                if (!cpu.TryReadSized(SegmentName.ES, to, shape.Size, out other)) return false;
                Compare(state, state->Gpr[0], other, shape.Size);
                Advance(state, Rdi, shape.Mask, shape.Step);
                return true;
        }
    }

    private static Register Accumulator(int size) => size switch { 1 => Register.AL, 2 => Register.AX, 4 => Register.EAX, _ => Register.RAX };

    private static void Compare(ProcessorState* state, ulong left, ulong right, int size)
    {
        LazyFlags flags;
        switch (size)
        {
            case 1: Integer.Sub((byte)left, (byte)right, out flags); break;
            case 2: Integer.Sub((ushort)left, (ushort)right, out flags); break;
            case 4: Integer.Sub((uint)left, (uint)right, out flags); break;
            default: Integer.Sub(left, right, out flags); break;
        }

        state->Flags = flags;
    }

    /// <summary>Moves or stores as many elements as lie in pages that the TLB knows as plain RAM. 0: do it one by one.</summary>
    private static ulong TryBulk(Processor cpu, ProcessorState* state, in Shape shape, ulong limit)
    {
        bool isForward = cpu.Is64Bit && shape.Mask == ulong.MaxValue && shape.Step > 0;
        if (!isForward || shape.Kind is not (Kind.Move or Kind.Store)) return 0;
        if (!cpu.Mmu.TryHostPage(state->Gpr[Rdi], AccessKind.Write, out byte* target, out int room)) return 0;
        ulong elements = Math.Min(Math.Min(Count(state, in shape), limit), (ulong)(room / shape.Size));
        if (elements == 0) return 0;
        if (shape.Kind == Kind.Store)
        {
            Fill(target, state->Gpr[0], shape.Size, (int)elements);
        }
        else
        {
            ulong from = state->Gpr[Rsi];
            if (shape.Source is SegmentName.FS or SegmentName.GS) return 0;
            if (!cpu.Mmu.TryHostPage(from, AccessKind.Read, out byte* source, out int available)) return 0;
            elements = Math.Min(elements, (ulong)(available / shape.Size));

            // A forward copy onto itself repeats a pattern: only ranges that do not overlap that way are copied at once.
            bool overlaps = target > source && target < source + ((long)elements * shape.Size);
            if (elements == 0 || overlaps) return 0;
            Buffer.MemoryCopy(source, target, (long)elements * shape.Size, (long)elements * shape.Size);
            Advance(state, Rsi, shape.Mask, (long)elements * shape.Size);
        }

        Advance(state, Rdi, shape.Mask, (long)elements * shape.Size);
        Advance(state, 1, shape.Mask, -(long)elements);
        return elements;
    }

    private static void Fill(byte* target, ulong value, int size, int elements)
    {
        switch (size)
        {
            case 1: new Span<byte>(target, elements).Fill((byte)value); break;
            case 2: new Span<ushort>(target, elements).Fill((ushort)value); break;
            case 4: new Span<uint>(target, elements).Fill((uint)value); break;
            default: new Span<ulong>(target, elements).Fill(value); break;
        }
    }

    /// <summary>INS and OUTS: permission first, then the buffer, then the device.</summary>
    private readonly struct PortString : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.MemorySize.GetSize();
            var shape = new Shape(
                Kind.Store, size, AddressMask(in instruction), SourceOf(in instruction), instruction.HasRepPrefix || instruction.HasRepnePrefix, Step(state, size));
            bool isInput = instruction.Mnemonic is Mnemonic.Insb or Mnemonic.Insw or Mnemonic.Insd;
            if (!cpu.CheckPort((ushort)state->Gpr[2], size)) return false;
            if (!shape.Repeats) return TryElement(cpu, state, in shape, isInput);
            if (Count(state, in shape) == 0) return true;
            if (!TryElement(cpu, state, in shape, isInput)) return false;
            Advance(state, 1, shape.Mask, -1);
            if (Count(state, in shape) != 0) state->NextRip = state->Rip;
            return true;
        }

        private static bool TryElement(Processor cpu, ProcessorState* state, in Shape shape, bool isInput)
        {
            var port = (ushort)state->Gpr[2];
            if (isInput)
            {
                ulong to = state->Gpr[Rdi] & shape.Mask;
                if (!cpu.ProbeWrite(SegmentName.ES, to, shape.Size)) return false;
                if (!cpu.TryWriteSized(SegmentName.ES, to, shape.Size, cpu.Ports.Read(port, shape.Size))) return false;
                Advance(state, Rdi, shape.Mask, shape.Step);
                return true;
            }

            if (!cpu.TryReadSized(shape.Source, state->Gpr[Rsi] & shape.Mask, shape.Size, out ulong value)) return false;
            cpu.Ports.Write(port, shape.Size, (uint)value);
            Advance(state, Rsi, shape.Mask, shape.Step);
            return true;
        }
    }
}
