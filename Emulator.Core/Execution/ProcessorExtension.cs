using Emulator.Core.Memory;
using Iced.Intel;

namespace Emulator.Core.Execution;

/// <summary>What the decoder does with an instruction in the current mode.</summary>
public enum Interception
{
    /// <summary>The instruction executes as it is.</summary>
    None,

    /// <summary>Each execution asks <see cref="ProcessorExtension.TryIntercept"/> first.</summary>
    Ask,
}

/// <summary>The one seam through which VMX plugs into the processor. Core calls it at these points only.</summary>
public abstract unsafe class ProcessorExtension
{
    /// <summary>True in VMX non-root operation: <see cref="ExecutionMode.NonRoot"/> is part of the mode then.</summary>
    public abstract bool InNonRoot { get; }

    /// <summary>Digest of the controls that intercept instructions; part of the key of decoded blocks.</summary>
    public abstract ushort InterceptionDigest { get; }

    /// <summary>True when linear translations go through a second level (EPT) now.</summary>
    public abstract bool HasSecondLevel { get; }

    /// <summary>Identifies cached translations: VPID and EPTP. Contexts of different tags never share an entry.</summary>
    public abstract ulong TranslationTag { get; }

    /// <summary>Whether each execution of this instruction has to ask, under the current digest. Decode time.</summary>
    public abstract Interception Classify(in Instruction instruction);

    /// <summary>
    /// Called before an intercepted instruction executes, state-&gt;Rip and NextRip set. True: the instruction is over
    /// (a VM exit was made, or a fault is pending); false: it executes as if the extension were not there.
    /// </summary>
    public abstract bool TryIntercept(ProcessorState* state, in Instruction instruction);

    /// <summary>Executes an instruction of the extension (VMX); false: an event is pending.</summary>
    public abstract bool Execute(ProcessorState* state, in Instruction instruction);

    /// <summary>Second-level translation of a guest-physical address.</summary>
    /// <param name="guestPhysical">The address.</param>
    /// <param name="kind">What the access does.</param>
    /// <param name="linear">The linear address being translated, for the exit qualification.</param>
    /// <param name="source">Whether a paging-structure entry or the final page is accessed.</param>
    /// <param name="translation">The result.</param>
    /// <returns>False: an EPT violation or misconfiguration is noted and <see cref="Processor"/> raises the extension's event.</returns>
    public abstract bool TryTranslate(
        ulong guestPhysical, AccessKind kind, ulong linear, SecondLevelSource source, out SecondLevelTranslation translation);

    /// <summary>The noted event of <see cref="TryTranslate"/> or of an instruction is due: make the VM exit.</summary>
    public abstract void DeliverPending(ProcessorState* state);

    /// <summary>An exception or interrupt is about to be delivered. True: it caused a VM exit instead.</summary>
    public abstract bool TryInterceptEvent(ProcessorState* state, ref PendingEvent pending);

    /// <summary>Delivery through the IDT begins (true) or ended (false): for the IDT-vectoring fields.</summary>
    public abstract void Delivering(ProcessorState* state, in PendingEvent pending, bool begins);

    /// <summary>A task switch is about to happen. True: it caused a VM exit instead.</summary>
    public abstract bool TryInterceptTaskSwitch(ProcessorState* state, ushort selector, TaskSwitchSource source);

    /// <summary>A triple fault. True: it caused a VM exit instead of shutdown.</summary>
    public abstract bool TryInterceptTripleFault(ProcessorState* state);

    /// <summary>Between instructions, when an event may be due: windows, MTF, timer, NMI, INIT. True: a VM exit was made.</summary>
    public abstract bool TryBoundaryEvent(ProcessorState* state);

    /// <summary>True when an external interrupt exits instead of being delivered, whatever IF is.</summary>
    public abstract bool TryInterceptExternalInterrupt(ProcessorState* state);

    /// <summary>The tick at which the extension wants the budget to end (preemption timer), or all ones.</summary>
    public abstract ulong NextDeadline { get; }

    /// <summary>Reads an MSR that the extension supplies. Null: not one of its.</summary>
    public abstract bool? TryReadMsr(uint msr, out ulong value);

    /// <summary>Writes an MSR that the extension supplies. Null: not one of its; false: #GP(0).</summary>
    public abstract bool? TryWriteMsr(uint msr, ulong value);

    /// <summary>CR4 bits that the extension adds to those that may be set.</summary>
    public abstract ulong Cr4Bits { get; }

    /// <summary>False when VMX operation forbids this value of CR0 or CR4 (fixed bits): #GP(0).</summary>
    public abstract bool AllowsControlRegister(int register, ulong value);

    /// <summary>What a read of CR0 or CR4 shows (read shadows in non-root operation).</summary>
    public abstract ulong ReadControlRegister(int register, ulong value);

    /// <summary>The value that a write to CR0 or CR4 really stores (bits owned by the host keep theirs).</summary>
    public abstract ulong WriteControlRegister(int register, ulong current, ulong value);

    /// <summary>Offset added to the TSC in non-root operation.</summary>
    public abstract ulong TscOffset { get; }

    /// <summary>The processor was reset.</summary>
    public abstract void Reset();
}

/// <summary>Where a task switch comes from, numbered as in the exit qualification. SDM Vol. 3C, "Exit Qualification for Task Switches".</summary>
public enum TaskSwitchSource
{
    /// <summary>CALL instruction.</summary>
    Call = 0,

    /// <summary>IRET instruction.</summary>
    Iret = 1,

    /// <summary>JMP instruction.</summary>
    Jump = 2,

    /// <summary>Task gate in the IDT.</summary>
    Gate = 3,
}

/// <summary>Which access a second-level translation serves.</summary>
public enum SecondLevelSource : byte
{
    /// <summary>The final guest-physical address of a linear access.</summary>
    Final,

    /// <summary>A guest paging-structure entry.</summary>
    PagingStructure,

    /// <summary>A guest-physical access without a linear address (PDPTE load).</summary>
    NoLinear,
}

/// <summary>Result of a second-level translation.</summary>
/// <param name="Physical">Host-physical address.</param>
/// <param name="CanRead">The page may be read without asking again.</param>
/// <param name="CanWrite">The page may be written without asking again (its dirty flag is set).</param>
/// <param name="CanExecute">The page may be executed.</param>
/// <param name="PageBytes">Size of the second-level page.</param>
public readonly record struct SecondLevelTranslation(ulong Physical, bool CanRead, bool CanWrite, bool CanExecute, ulong PageBytes);
