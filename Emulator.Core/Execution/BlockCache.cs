namespace Emulator.Core.Execution;
/// <summary>Decoded blocks by physical address and mode.</summary>
internal sealed unsafe class BlockCache(Processor cpu) : IDisposable
{
    /// <summary>Bytes were written: blocks on them are stale.</summary>
    public void OnWrite(ulong physical, int size) { _ = physical; _ = size; _ = cpu; }
    public void Dispose() { }
}
