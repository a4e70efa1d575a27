namespace Emulator.Core.Execution;

/// <summary>What CPUID answers: see the CPUID instruction for the leaves.</summary>
public sealed record CpuModel
{
    /// <summary>The model of this release: everything that is implemented, nothing else.</summary>
    public static CpuModel Default { get; } = new();

    /// <summary>Physical-address width in bits (MAXPHYADDR), 36 to 52.</summary>
    public int PhysicalAddressBits { get; init; } = 40;
}
