using System.Runtime.InteropServices;
using Emulator.Core.Bus;
using Emulator.Core.Decoding;
using Emulator.Core.Memory;
using Emulator.Core.Time;

namespace Emulator.Core.Execution;

/// <summary>A logical processor: its state, and everything that is not on the hot path.</summary>
/// <remarks>
/// One class over many files, by what they answer: operands, memory accesses, raising of faults, events, the run loop.
/// </remarks>
public sealed unsafe partial class Processor : IDisposable
{
    private readonly GCHandle _handle;

    /// <summary>Makes a processor in the state after RESET. SDM Vol. 3A, "Processor State After Reset".</summary>
    public Processor(PhysicalMemory memory, IPortSpace ports, VirtualClock clock)
    {
        Memory = memory;
        Ports = ports;
        Clock = clock;
        State = (ProcessorState*)NativeMemory.AlignedAlloc((nuint)sizeof(ProcessorState), 64);
        NativeMemory.Clear(State, (nuint)sizeof(ProcessorState));
        _handle = GCHandle.Alloc(this);
        State->Owner = GCHandle.ToIntPtr(_handle);
        State->Lookup = (LookupEntry*)NativeMemory.AlignedAlloc(Interpreter.LookupEntries * (nuint)sizeof(LookupEntry), 64);
        NativeMemory.Fill(State->Lookup, Interpreter.LookupEntries * (nuint)sizeof(LookupEntry), 0xFF);
        Blocks = new BlockCache(this);
        Mmu = new Mmu(this);
        _decoder = new BlockDecoder(this);
        Reset();
    }

    /// <summary>The unmanaged state block; valid until disposal.</summary>
    public ProcessorState* State { get; }

    /// <summary>The physical address space.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>The I/O address space.</summary>
    public IPortSpace Ports { get; }

    /// <summary>The machine's clock.</summary>
    public VirtualClock Clock { get; }

    /// <summary>Where external interrupts come from; null: none ever come.</summary>
    public IInterruptSource? Interrupts { get; set; }

    /// <summary>The local APIC's registers, as far as MSRs and CR8 reach them; null: none.</summary>
    public ILocalApicAccess? LocalApic { get; set; }

    /// <summary>VMX, or null for a processor without an extension.</summary>
    public ProcessorExtension? Extension { get; set; }

    /// <summary>What CPUID answers.</summary>
    public CpuModel Model { get; set; } = CpuModel.Default;

    internal Mmu Mmu { get; }

    internal BlockCache Blocks { get; }

    /// <summary>A NMI waits to be taken (edge, latched).</summary>
    public bool NmiPending { get; set; }

    /// <summary>Time-stamp counter now.</summary>
    public ulong Tsc => Clock.Now + State->TscOffset;

    /// <summary>Frees the state block.</summary>
    public void Dispose()
    {
        _decoder.Dispose();
        Blocks.Dispose();
        Mmu.Dispose();
        _handle.Free();
        NativeMemory.AlignedFree(State->Lookup);
        NativeMemory.AlignedFree(State);
    }

    internal static Processor Of(ProcessorState* state) => (Processor)GCHandle.FromIntPtr(state->Owner).Target!;
}
