using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Emulator.Core.Execution;

/// <summary>Everything a logical processor holds. One unmanaged block, reachable by pointer from every handler.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ProcessorState
{
#pragma warning disable CS1591 // Registers are named as the SDM names them.
    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15.</summary>
    public fixed ulong Gpr[16];

    /// <summary>Always 0: stands for an absent base or index register.</summary>
    public ulong Zero;

    /// <summary>RIP of offset 0 of the page that is being executed: RIP = RipBase + Operation.PageOffset.</summary>
    public ulong RipBase;

    public LazyFlags Flags;

    /// <summary>TLB of the current translation context and privilege.</summary>
    public Memory.TlbEntry* Tlb;

    /// <summary>Known block entries by RIP.</summary>
    public LookupEntry* Lookup;

    /// <summary>What an entry of <see cref="Lookup"/> must carry to be valid now: context and execution mode.</summary>
    public ulong LookupKey;

    /// <summary>Value that a slow memory access read, or is to write.</summary>
    public fixed ulong Slow[8];

    /// <summary>RIP between blocks and inside complex instructions: the instruction that is about to execute.</summary>
    public ulong Rip;

    /// <summary>RIP after the complex instruction in execution; a branch stores its target here.</summary>
    public ulong NextRip;

    /// <summary>Budget left when the current block was entered, as of the last slow operation.</summary>
    public long Budget;

    /// <summary>Handle of the <see cref="Processor"/> that owns this state.</summary>
    public nint Owner;

    /// <summary>The operation in execution during a slow operation.</summary>
    public Operation* Current;

    /// <summary>RFLAGS without the six status flags; bit 1 is set.</summary>
    public Rflags SystemFlags;

    public ExecutionMode Mode;

    /// <summary>Current privilege level, 0 to 3.</summary>
    public int Cpl;

    /// <summary>Mask that RIP is cut to: 16, 32 or 64 ones.</summary>
    public ulong RipMask;

    /// <summary>Mask that the stack pointer is cut to: 16, 32 or 64 ones.</summary>
    public ulong StackMask;

    public SegmentRegister Es;
    public SegmentRegister Cs;
    public SegmentRegister Ss;
    public SegmentRegister Ds;
    public SegmentRegister Fs;
    public SegmentRegister Gs;
    public SegmentRegister Ldtr;
    public SegmentRegister Tr;
    public ulong GdtrBase;
    public ulong IdtrBase;
    public ushort GdtrLimit;
    public ushort IdtrLimit;

    public ulong Cr0;
    public ulong Cr2;
    public ulong Cr3;
    public ulong Cr4;
    public ulong Cr8;
    public ulong Xcr0;
    public fixed ulong Dr[8];

    /// <summary>PDPTEs of PAE paging, loaded by MOV to CR3 and its like.</summary>
    public fixed ulong Pdpte[4];

    public ulong Efer;
    public ulong Star;
    public ulong Lstar;
    public ulong Cstar;
    public ulong Fmask;
    public ulong KernelGsBase;
    public ulong TscAux;
    public ulong SysenterCs;
    public ulong SysenterEsp;
    public ulong SysenterEip;
    public ulong Pat;
    public ulong MiscEnable;
    public ulong DebugCtl;
    public ulong Xss;
    public ulong BiosSignId;
    public ulong MtrrDefType;
    public fixed ulong MtrrFixed[11];
    public fixed ulong MtrrVariable[16];

    /// <summary>TSC minus the virtual clock.</summary>
    public ulong TscOffset;
    public ulong TscAdjust;

    /// <summary>Physical x87 registers R0 to R7, 16 bytes each: 8 of significand, 2 of sign and exponent.</summary>
    public fixed ulong X87[16];
    public ushort X87Control;

    /// <summary>x87 status word, TOP included.</summary>
    public ushort X87Status;

    /// <summary>Two bits for each physical register: 0 valid, 1 zero, 2 special, 3 empty.</summary>
    public ushort X87Tag;
    public ushort X87Opcode;
    public ushort X87CodeSelector;
    public ushort X87DataSelector;
    public ulong X87InstructionPointer;
    public ulong X87DataPointer;

    /// <summary>ZMM0 to ZMM31, 64 bytes each; XMM are the low 16 bytes.</summary>
    public fixed ulong Vectors[32 * 8];
    public uint Mxcsr;

    /// <summary>Blocking by STI or MOV SS, NMI, SMI. VMCS format: STI 0, MOV SS 1, SMI 2, NMI 3.</summary>
    public InterruptBlocking Blocking;

    public ActivityState Activity;

    /// <summary>The fault or exit that the current instruction ran into.</summary>
    public PendingEvent Pending;

    /// <summary>#DB conditions that wait for the next instruction boundary: DR6 bits 3:0, 13, 14.</summary>
    public ulong PendingDebug;

    /// <summary>True when the run loop must look at events before the next instruction.</summary>
    public bool LeaveRequested;

    /// <summary>True while DR7 or the run loop asks for single-instruction blocks.</summary>
    public bool OneByOne;

    /// <summary>Address of the line that MONITOR watches, or all ones.</summary>
    public ulong MonitorAddress;
#pragma warning restore CS1591

    /// <summary>RFLAGS, complete.</summary>
    public readonly Rflags Rflags => SystemFlags | Flags.ToRflags();

    /// <summary>One of the eight segment registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SegmentRegister* Segment(ProcessorState* state, SegmentName name) => &state->Es + ((int)name & 7);
}

/// <summary>A block entry found by RIP before.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public unsafe struct LookupEntry
{
    /// <summary>RIP of the block's first instruction.</summary>
    public ulong Rip;

    /// <summary>The <see cref="ProcessorState.LookupKey"/> it holds for.</summary>
    public ulong Key;

    /// <summary>The block's first operation.</summary>
    public Operation* Target;

    /// <summary>RIP of offset 0 of the block's page.</summary>
    public ulong RipBase;
}

/// <summary>What keeps events from being taken. SDM Vol. 3C, "Guest Non-Register State", "Interruptibility state".</summary>
[Flags]
public enum InterruptBlocking : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>STI with IF = 0 before it; until the next instruction has executed.</summary>
    Sti = 1,

    /// <summary>MOV SS or POP SS; until the next instruction has executed.</summary>
    MovSs = 2,

    /// <summary>In system-management mode.</summary>
    Smi = 4,

    /// <summary>From the delivery of an NMI to the next IRET.</summary>
    Nmi = 8,
}

/// <summary>What the processor does. SDM Vol. 3C, "Guest Non-Register State", "Activity state".</summary>
public enum ActivityState : uint
{
    /// <summary>Executes instructions.</summary>
    Active = 0,

    /// <summary>Stopped by HLT.</summary>
    Hlt = 1,

    /// <summary>Stopped by a triple fault.</summary>
    Shutdown = 2,

    /// <summary>Waits for a start-up IPI.</summary>
    WaitForSipi = 3,
}
