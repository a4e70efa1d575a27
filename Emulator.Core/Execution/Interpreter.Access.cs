using System.Runtime.CompilerServices;
using Emulator.Core.Memory;

namespace Emulator.Core.Execution;

/// <summary>How a memory operand's offset is computed; one type per form, so that each handler is straight-line code.</summary>
internal unsafe interface IAddressForm
{
    /// <summary>True when the offset is the linear address (64-bit mode, no FS or GS).</summary>
    static abstract bool IsLinear { get; }

    /// <summary>True in 64-bit mode with FS or GS: the base is added, no limit is checked.</summary>
    static abstract bool HasBaseOnly { get; }

    /// <summary>The offset in the segment, cut to the address size.</summary>
    static abstract ulong Offset(ProcessorState* state, Operation* operation);
}

/// <summary>64-bit: base + displacement.</summary>
internal readonly unsafe struct BaseForm : IAddressForm
{
    public static bool IsLinear => true;

    public static bool HasBaseOnly => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Offset(ProcessorState* state, Operation* operation)
        => *(ulong*)((byte*)state + operation->Base) + (ulong)operation->Displacement;
}

/// <summary>64-bit: base + index * scale + displacement.</summary>
internal readonly unsafe struct IndexedForm : IAddressForm
{
    public static bool IsLinear => true;

    public static bool HasBaseOnly => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Offset(ProcessorState* state, Operation* operation)
        => *(ulong*)((byte*)state + operation->Base)
            + (*(ulong*)((byte*)state + operation->Index) << operation->Scale)
            + (ulong)operation->Displacement;
}

/// <summary>64-bit with FS or GS.</summary>
internal readonly unsafe struct FsGsForm : IAddressForm
{
    public static bool IsLinear => false;

    public static bool HasBaseOnly => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Offset(ProcessorState* state, Operation* operation) => IndexedForm.Offset(state, operation);
}

/// <summary>16-bit and 32-bit code with 32-bit addresses.</summary>
internal readonly unsafe struct Legacy32Form : IAddressForm
{
    public static bool IsLinear => false;

    public static bool HasBaseOnly => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Offset(ProcessorState* state, Operation* operation) => (uint)IndexedForm.Offset(state, operation);
}

/// <summary>16-bit and 32-bit code with 16-bit addresses.</summary>
internal readonly unsafe struct Legacy16Form : IAddressForm
{
    public static bool IsLinear => false;

    public static bool HasBaseOnly => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Offset(ProcessorState* state, Operation* operation) => (ushort)IndexedForm.Offset(state, operation);
}

internal static unsafe partial class Interpreter
{
    private const ulong PageMask = ~0xFFFUL;

    /// <summary>Linear address of a memory operand, or all ones when the segment check must be made in full.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong LinearAddress<TForm>(ProcessorState* state, Operation* operation, ulong offset, int size, bool isWrite)
        where TForm : struct, IAddressForm
    {
        if (TForm.IsLinear) return offset;
        var segment = (SegmentRegister*)((byte*)state + operation->Segment);
        if (TForm.HasBaseOnly) return segment->Base + offset;
        long limit = isWrite ? segment->WriteLimit : segment->ReadLimit;
        return (long)offset + size - 1 <= limit ? (uint)(segment->Base + offset) : ulong.MaxValue - 63;
    }

    /// <summary>Loads from the memory operand when the TLB answers; false: the handler goes on in its miss form.</summary>
    /// <remarks>Hot handlers contain no call: their miss forms are separate methods that they jump to.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryLoad<TForm, T>(ProcessorState* state, Operation* operation, out T value)
        where TForm : struct, IAddressForm
        where T : unmanaged
    {
        ulong offset = TForm.Offset(state, operation);
        ulong linear = LinearAddress<TForm>(state, operation, offset, sizeof(T), isWrite: false);
        TlbEntry* entry = TranslationContext.Slot(state->Tlb, linear);

        // SAFETY: the tag matches only when both ends of the access are in the page whose host memory the addend reaches.
        bool hit = ((linear + (ulong)(sizeof(T) - 1)) & PageMask) == entry->ReadTag;
        value = hit ? *(T*)(linear + entry->Addend) : default;
        return hit;
    }

    /// <summary>Loads in full into <see cref="ProcessorState.Slow"/>. False: a fault is pending.</summary>
    internal static bool Load<TForm, T>(ProcessorState* state, Operation* operation, long budget)
        where TForm : struct, IAddressForm
        where T : unmanaged
        => LoadSlow(state, operation, budget, TForm.Offset(state, operation), sizeof(T));

    /// <summary>Stores to the memory operand when the TLB answers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryStore<TForm, T>(ProcessorState* state, Operation* operation, T value)
        where TForm : struct, IAddressForm
        where T : unmanaged
    {
        T* target = TryTarget<TForm, T>(state, operation);
        if (target == null) return false;
        *target = value;
        return true;
    }

    /// <summary>Stores in full. False: a fault is pending, nothing was written.</summary>
    internal static bool Store<TForm, T>(ProcessorState* state, Operation* operation, long budget, T value)
        where TForm : struct, IAddressForm
        where T : unmanaged
    {
        *(T*)state->Slow = value;
        return StoreSlow(state, operation, budget, TForm.Offset(state, operation), sizeof(T));
    }

    /// <summary>The guest's memory itself, for a write or a read-modify-write, when the TLB answers; else null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static T* TryTarget<TForm, T>(ProcessorState* state, Operation* operation)
        where TForm : struct, IAddressForm
        where T : unmanaged
    {
        ulong offset = TForm.Offset(state, operation);
        ulong linear = LinearAddress<TForm>(state, operation, offset, sizeof(T), isWrite: true);
        TlbEntry* entry = TranslationContext.Slot(state->Tlb, linear);
        return ((linear + (ulong)(sizeof(T) - 1)) & PageMask) == entry->WriteTag ? (T*)(linear + entry->Addend) : null;
    }

    /// <summary>
    /// The read half of a read-modify-write in full: the value is in <see cref="ProcessorState.Slow"/>, to be changed there
    /// and written back with <see cref="StoreSlow"/>. False: a fault is pending.
    /// </summary>
    internal static bool Modify<TForm, T>(ProcessorState* state, Operation* operation, long budget)
        where TForm : struct, IAddressForm
        where T : unmanaged
        => ModifySlow(state, operation, budget, TForm.Offset(state, operation), sizeof(T));

    /// <summary>The write half. False: a device or the extension stopped the write.</summary>
    internal static bool WriteBack<TForm, T>(ProcessorState* state, Operation* operation, long budget)
        where TForm : struct, IAddressForm
        where T : unmanaged
        => StoreSlow(state, operation, budget, TForm.Offset(state, operation), sizeof(T));

    /// <summary>A load that the TLB does not answer: other page, device, watched access, fault.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool LoadSlow(ProcessorState* state, Operation* operation, long budget, ulong offset, int size)
    {
        Prepare(state, operation, budget);
        Processor cpu = Processor.Of(state);
        bool done = cpu.TryReadSlow(SegmentOf(state, operation), offset, size);
        cpu.StopAfterIfDue(operation);
        return done;
    }

    /// <summary>A store that the TLB does not answer.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool StoreSlow(ProcessorState* state, Operation* operation, long budget, ulong offset, int size)
    {
        Prepare(state, operation, budget);
        Processor cpu = Processor.Of(state);
        bool done = cpu.TryWriteSlow(SegmentOf(state, operation), offset, size);
        cpu.StopAfterIfDue(operation);
        return done;
    }

    /// <summary>The read half of a read-modify-write that the TLB does not answer: faults are those of a write.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool ModifySlow(ProcessorState* state, Operation* operation, long budget, ulong offset, int size)
    {
        Prepare(state, operation, budget);
        Processor cpu = Processor.Of(state);
        SegmentName segment = SegmentOf(state, operation);
        return cpu.ProbeWrite(segment, offset, size) && cpu.TryReadSlow(segment, offset, size);
    }

    private static SegmentName SegmentOf(ProcessorState* state, Operation* operation)
        => (SegmentName)(((byte*)state + operation->Segment - (byte*)&state->Es) / sizeof(SegmentRegister));
}
