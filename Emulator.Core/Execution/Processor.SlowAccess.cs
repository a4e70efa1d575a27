using Emulator.Core.Memory;

namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    /// <summary>Reads into <see cref="ProcessorState.Slow"/> with every check. False: a fault is pending.</summary>
    internal bool TryReadSlow(SegmentName segment, ulong offset, int size)
        => Linearize(segment, offset, size, AccessKind.Read, out ulong linear)
            && CheckAlignment(linear, size)
            && TryReadBytes(linear, (byte*)State->Slow, size, CurrentPrivilege);

    /// <summary>Writes from <see cref="ProcessorState.Slow"/> with every check. False: a fault is pending.</summary>
    internal bool TryWriteSlow(SegmentName segment, ulong offset, int size)
        => Linearize(segment, offset, size, AccessKind.Write, out ulong linear)
            && CheckAlignment(linear, size)
            && TryWriteBytes(linear, (byte*)State->Slow, size, CurrentPrivilege);
}
