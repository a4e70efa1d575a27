namespace Emulator.Core.Execution;

public sealed unsafe partial class Processor
{
    /// <summary>Recomputes the execution mode, masks and translation context after a change of CR0, CR3, CR4, EFER, CPL, CS, SS or RFLAGS.VM/AC.</summary>
    internal void UpdateMode()
    {
    }

    /// <summary>RESET. SDM Vol. 3A, "Processor State After Reset".</summary>
    public void Reset()
    {
    }
}
