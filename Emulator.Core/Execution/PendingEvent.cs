using System.Runtime.InteropServices;

namespace Emulator.Core.Execution;

/// <summary>Classes of events as the VMCS numbers them. SDM Vol. 3C, "VM-Entry Controls for Event Injection".</summary>
public enum EventType : byte
{
    /// <summary>External interrupt.</summary>
    ExternalInterrupt = 0,

    /// <summary>Non-maskable interrupt.</summary>
    Nmi = 2,

    /// <summary>Hardware exception.</summary>
    HardwareException = 3,

    /// <summary>INT n.</summary>
    SoftwareInterrupt = 4,

    /// <summary>INT1.</summary>
    PrivilegedSoftwareException = 5,

    /// <summary>INT3 and INTO.</summary>
    SoftwareException = 6,
}

/// <summary>What stops the current instruction.</summary>
public enum PendingKind : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>An exception to deliver.</summary>
    Exception,

    /// <summary>Something only the extension understands (a second-level translation fault, a VM exit).</summary>
    Extension,
}

/// <summary>A fault as a value: what an instruction ran into. Nothing architectural has changed.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PendingEvent
{
    /// <summary>What stops the instruction.</summary>
    public PendingKind Kind;

    /// <summary>Exception vector.</summary>
    public byte Vector;

    /// <summary>Class of the event.</summary>
    public EventType Type;

    /// <summary>Whether the exception pushes an error code (in protected mode).</summary>
    public bool HasErrorCode;

    /// <summary>Error code.</summary>
    public uint ErrorCode;

    /// <summary>Linear address of a #PF; DR6 bits of a #DB.</summary>
    public ulong Address;

    /// <summary>Bytes of the instruction, for the software events: their return address is behind it.</summary>
    public byte InstructionLength;

    /// <summary>Why, for humans.</summary>
    public FaultCause Cause;
}
