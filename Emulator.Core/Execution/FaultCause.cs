namespace Emulator.Core.Execution;

/// <summary>Why a fault was raised: for traces and the debugger, never guest-visible. Families add their own members.</summary>
public enum FaultCause : ushort
{
    /// <summary>Nothing more to say than the vector does.</summary>
    Unspecified,

    /// <summary>The opcode does not exist, or not in this mode.</summary>
    UndefinedOpcode,

    /// <summary>The instruction exists but this model does not implement it yet.</summary>
    NotImplemented,

    /// <summary>A LOCK prefix where none is allowed.</summary>
    LockPrefix,

    /// <summary>The instruction is longer than 15 bytes.</summary>
    InstructionTooLong,

    /// <summary>A linear address is not canonical.</summary>
    NonCanonicalAddress,

    /// <summary>An offset exceeds the segment limit.</summary>
    SegmentLimit,

    /// <summary>The segment's type or a null selector forbids the access.</summary>
    SegmentType,

    /// <summary>CPL or IOPL forbids the instruction.</summary>
    Privilege,

    /// <summary>A reserved bit is set in a value to be loaded.</summary>
    ReservedBits,

    /// <summary>A combination of control-register bits that the SDM forbids.</summary>
    ControlRegister,

    /// <summary>An MSR that does not exist or a value that it refuses.</summary>
    Msr,

    /// <summary>A descriptor is missing, of the wrong type or not present.</summary>
    Descriptor,

    /// <summary>The interrupt descriptor table refuses the vector.</summary>
    InterruptGate,

    /// <summary>The translation of a linear address.</summary>
    Paging,

    /// <summary>An unaligned access with alignment checking on, or of an instruction that demands alignment.</summary>
    Alignment,

    /// <summary>Division by zero or a quotient that does not fit.</summary>
    Divide,

    /// <summary>CR0.EM, TS or CR4.OSFXSR disable the unit.</summary>
    UnitDisabled,

    /// <summary>A numeric exception that is not masked.</summary>
    Numeric,

    /// <summary>A breakpoint or single-step.</summary>
    Debug,
}
