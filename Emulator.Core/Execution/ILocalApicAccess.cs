namespace Emulator.Core.Execution;

/// <summary>The local APIC as the processor's own instructions reach it.</summary>
public interface ILocalApicAccess
{
    /// <summary>IA32_APIC_BASE.</summary>
    ulong ApicBase { get; }

    /// <summary>Bits 7:4 of the task-priority register: what CR8 shows.</summary>
    byte TaskPriorityClass { get; set; }

    /// <summary>Writes IA32_APIC_BASE.</summary>
    /// <returns>False for #GP(0): a reserved bit or a forbidden transition.</returns>
    bool TryWriteApicBase(ulong value);

    /// <summary>Reads an x2APIC register (800H-8FFH) or IA32_TSC_DEADLINE (6E0H). False for #GP(0).</summary>
    bool TryReadMsr(uint msr, out ulong value);

    /// <summary>Writes an x2APIC register (800H-8FFH) or IA32_TSC_DEADLINE (6E0H). False for #GP(0).</summary>
    bool TryWriteMsr(uint msr, ulong value);
}
