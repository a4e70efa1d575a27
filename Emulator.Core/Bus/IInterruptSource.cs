namespace Emulator.Core.Bus;

/// <summary>The interrupt controller in front of one logical processor (local APIC, or an 8259 wired to INTR).</summary>
public interface IInterruptSource
{
    /// <summary>True while an interrupt of sufficient priority waits for the processor to take it.</summary>
    bool HasInterrupt { get; }

    /// <summary>The interrupt-acknowledge cycle: hands over the vector and moves it into service.</summary>
    byte Acknowledge();
}
