namespace Emulator.Core.Execution;

/// <summary>Pushes of one event, call or task switch: memory first, the stack pointer last, so that a fault restarts.</summary>
internal unsafe ref struct StackFrame
{
    private readonly Processor _cpu;
    private readonly SegmentName _segment;
    private readonly ulong _mask;
    private readonly int _size;
    private readonly SegmentRegister* _stack;
    private readonly bool _isSystem;
    private ulong _pointer;

    /// <summary>A frame on the current stack at the current privilege.</summary>
    public StackFrame(Processor cpu, SegmentName segment, int size, ulong pointer, ulong mask)
    {
        _cpu = cpu;
        _segment = segment;
        _size = size;
        _mask = mask;
        _pointer = pointer;
    }

    /// <summary>A frame on a stack that is not loaded yet (inner privilege): supervisor accesses within its limit.</summary>
    public StackFrame(Processor cpu, SegmentRegister* stack, int size, ulong pointer)
    {
        _cpu = cpu;
        _segment = SegmentName.SS;
        _size = size;
        _stack = stack;
        _isSystem = true;
        _mask = stack == null ? ulong.MaxValue : stack->IsBig ? uint.MaxValue : ushort.MaxValue;
        _pointer = pointer;
    }

    /// <summary>The stack pointer after the pushes so far, cut to the stack's width.</summary>
    public readonly ulong Pointer => _pointer & _mask;

    /// <summary>Pushes one value of the frame's size.</summary>
    public bool TryPush(ulong value)
    {
        ulong next = (_pointer - (ulong)_size) & _mask;
        if (!_isSystem)
        {
            if (!_cpu.TryWriteSized(_segment, next, _size, value)) return false;
        }
        else if (!TryPushInner(next, value))
        {
            return false;
        }

        _pointer = next;
        return true;
    }

    /// <summary>Makes the pushes visible: RSP, ESP or SP.</summary>
    public readonly void Commit() => _cpu.SetStackPointer(_pointer, _mask);

    private readonly bool TryPushInner(ulong next, ulong value)
    {
        ulong linear = next;
        if (_stack != null)
        {
            ulong last = next + (ulong)(_size - 1);
            bool inside = _stack->IsExpandDown
                ? next > _stack->Limit && last <= (_stack->IsBig ? uint.MaxValue : (ulong)ushort.MaxValue)
                : last <= _stack->Limit;
            if (!inside) return _cpu.Raise(ExceptionVector.StackFault, Processor.SelectorError(_stack->Selector), FaultCause.SegmentLimit);
            linear = (uint)(_stack->Base + next);
        }
        else if (!Processor.IsCanonical(next))
        {
            return _cpu.Raise(ExceptionVector.StackFault, 0u, FaultCause.NonCanonicalAddress);
        }

        return _size switch
        {
            2 => _cpu.TryWriteSystem(linear, (ushort)value),
            4 => _cpu.TryWriteSystem(linear, (uint)value),
            _ => _cpu.TryWriteSystem(linear, value),
        };
    }
}

public sealed unsafe partial class Processor
{
    /// <summary>Width of the stack pointer now.</summary>
    internal ulong StackMaskNow => State->StackMask;

    /// <summary>Stores a stack pointer of the given width: 64 bits, 32 (upper half zeroed) or 16 (merged).</summary>
    internal void SetStackPointer(ulong value, ulong mask)
    {
        State->Gpr[4] = mask switch
        {
            ulong.MaxValue => value,
            uint.MaxValue => (uint)value,
            _ => (State->Gpr[4] & ~0xFFFFUL) | (value & 0xFFFF),
        };
    }
}
