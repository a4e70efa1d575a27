namespace Emulator.Core.Execution;

/// <summary>Exception vectors. SDM Vol. 3A, "Exception and Interrupt Vectors".</summary>
public static class ExceptionVector
{
#pragma warning disable CS1591 // The names are the SDM's.
    public const byte DivideError = 0;
    public const byte Debug = 1;
    public const byte Nmi = 2;
    public const byte Breakpoint = 3;
    public const byte Overflow = 4;
    public const byte BoundRange = 5;
    public const byte InvalidOpcode = 6;
    public const byte DeviceNotAvailable = 7;
    public const byte DoubleFault = 8;
    public const byte InvalidTss = 10;
    public const byte SegmentNotPresent = 11;
    public const byte StackFault = 12;
    public const byte GeneralProtection = 13;
    public const byte PageFault = 14;
    public const byte MathFault = 16;
    public const byte AlignmentCheck = 17;
    public const byte MachineCheck = 18;
    public const byte SimdFault = 19;
#pragma warning restore CS1591
}

public sealed unsafe partial class Processor
{
    /// <summary>Records a fault of the current instruction. Always false, so that it can be returned.</summary>
    internal bool Raise(byte vector, FaultCause cause = FaultCause.Unspecified)
        => RaiseEvent(vector, hasErrorCode: false, 0, 0, cause);

    /// <summary>Records a fault with an error code. Always false.</summary>
    internal bool Raise(byte vector, uint errorCode, FaultCause cause)
        => RaiseEvent(vector, hasErrorCode: true, errorCode, 0, cause);

    /// <summary>#GP with an error code (0 or a selector). Always false.</summary>
    internal bool RaiseGeneralProtection(FaultCause cause, uint errorCode = 0)
        => RaiseEvent(ExceptionVector.GeneralProtection, hasErrorCode: true, errorCode, 0, cause);

    /// <summary>#UD. Always false.</summary>
    internal bool RaiseInvalidOpcode(FaultCause cause = FaultCause.UndefinedOpcode)
        => RaiseEvent(ExceptionVector.InvalidOpcode, hasErrorCode: false, 0, 0, cause);

    /// <summary>#PF at a linear address. Always false.</summary>
    internal bool RaisePageFault(ulong linearAddress, uint errorCode)
        => RaiseEvent(ExceptionVector.PageFault, hasErrorCode: true, errorCode, linearAddress, FaultCause.Paging);

    /// <summary>#DB with the given DR6 bits, as a fault. Always false.</summary>
    internal bool RaiseDebug(ulong dr6Bits)
        => RaiseEvent(ExceptionVector.Debug, hasErrorCode: false, 0, dr6Bits, FaultCause.Debug);

    /// <summary>Leaves the interpretation to the extension (second-level fault, VM exit). Always false.</summary>
    internal bool RaiseExtension()
    {
        State->Pending = new PendingEvent { Kind = PendingKind.Extension };
        return false;
    }

    private bool RaiseEvent(byte vector, bool hasErrorCode, uint errorCode, ulong address, FaultCause cause)
    {
        State->Pending = new PendingEvent
        {
            Kind = PendingKind.Exception,
            Vector = vector,
            Type = EventType.HardwareException,
            HasErrorCode = hasErrorCode,
            ErrorCode = errorCode,
            Address = address,
            Cause = cause,
        };
        return false;
    }
}
