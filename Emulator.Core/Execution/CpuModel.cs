namespace Emulator.Core.Execution;

/// <summary>One announced feature: where its bit stands.</summary>
/// <param name="Name">The SDM's name.</param>
/// <param name="Leaf">CPUID leaf.</param>
/// <param name="Subleaf">CPUID subleaf.</param>
/// <param name="Output">Register of the answer: 0 EAX, 1 EBX, 2 ECX, 3 EDX.</param>
/// <param name="Bit">Bit number.</param>
public sealed record CpuFeature(string Name, uint Leaf, uint Subleaf, int Output, int Bit);

/// <summary>What CPUID answers: a feature stands here only when it is implemented and tested.</summary>
public sealed record CpuModel
{
    private const int Eax = 0;
    private const int Ebx = 1;
    private const int Ecx = 2;
    private const int Edx = 3;

    /// <summary>The model of this release: everything that is implemented, nothing else.</summary>
    public static CpuModel Default { get; } = new();

    /// <summary>Physical-address width in bits (MAXPHYADDR), 36 to 52.</summary>
    public int PhysicalAddressBits { get; init; } = 40;

    /// <summary>Family 6, model 9EH, stepping 13: a processor generation without the errata that kernels work around.</summary>
    public uint Signature { get; init; } = 0x000906ED;

    /// <summary>Bits of XCR0 that may be set: x87 and SSE.</summary>
    public ulong Xcr0Bits { get; init; } = 3;

    /// <summary>The announced features, sorted by leaf.</summary>
    public IReadOnlyList<CpuFeature> Features { get; init; } = AllFeatures;

    /// <summary>Bits of CR4 that may be set without an extension: those of announced features.</summary>
    public ulong Cr4Bits => ControlRegisters.Cr4TSD | ControlRegisters.Cr4DE | ControlRegisters.Cr4PSE
        | ControlRegisters.Cr4PAE | ControlRegisters.Cr4MCE | ControlRegisters.Cr4PGE | ControlRegisters.Cr4PCE
        | ControlRegisters.Cr4OSFXSR | ControlRegisters.Cr4OSXMMEXCPT | ControlRegisters.Cr4UMIP | ControlRegisters.Cr4FSGSBASE
        | ControlRegisters.Cr4PCIDE | ControlRegisters.Cr4OSXSAVE | ControlRegisters.Cr4SMEP | ControlRegisters.Cr4SMAP;

    /// <summary>Every feature that this model implements.</summary>
    public static IReadOnlyList<CpuFeature> AllFeatures { get; } =
    [
        new("SSE3", 1, 0, Ecx, 0),
        new("PCLMULQDQ", 1, 0, Ecx, 1),
        new("SSSE3", 1, 0, Ecx, 9),
        new("CMPXCHG16B", 1, 0, Ecx, 13),
        new("PCID", 1, 0, Ecx, 17),
        new("SSE4_1", 1, 0, Ecx, 19),
        new("SSE4_2", 1, 0, Ecx, 20),
        new("x2APIC", 1, 0, Ecx, 21),
        new("POPCNT", 1, 0, Ecx, 23),
        new("TSC-Deadline", 1, 0, Ecx, 24),
        new("AESNI", 1, 0, Ecx, 25),
        new("XSAVE", 1, 0, Ecx, 26),
        new("FPU", 1, 0, Edx, 0),
        new("DE", 1, 0, Edx, 2),
        new("PSE", 1, 0, Edx, 3),
        new("TSC", 1, 0, Edx, 4),
        new("MSR", 1, 0, Edx, 5),
        new("PAE", 1, 0, Edx, 6),
        new("MCE", 1, 0, Edx, 7),
        new("CX8", 1, 0, Edx, 8),
        new("APIC", 1, 0, Edx, 9),
        new("SEP", 1, 0, Edx, 11),
        new("MTRR", 1, 0, Edx, 12),
        new("PGE", 1, 0, Edx, 13),
        new("MCA", 1, 0, Edx, 14),
        new("CMOV", 1, 0, Edx, 15),
        new("PAT", 1, 0, Edx, 16),
        new("PSE-36", 1, 0, Edx, 17),
        new("CLFSH", 1, 0, Edx, 19),
        new("MMX", 1, 0, Edx, 23),
        new("FXSR", 1, 0, Edx, 24),
        new("SSE", 1, 0, Edx, 25),
        new("SSE2", 1, 0, Edx, 26),
        new("SS", 1, 0, Edx, 27),
        new("ARAT", 6, 0, Eax, 2),
        new("FSGSBASE", 7, 0, Ebx, 0),
        new("IA32_TSC_ADJUST", 7, 0, Ebx, 1),
        new("SMEP", 7, 0, Ebx, 7),
        new("ERMS", 7, 0, Ebx, 9),
        new("INVPCID", 7, 0, Ebx, 10),
        new("SMAP", 7, 0, Ebx, 20),
        new("UMIP", 7, 0, Ecx, 2),
        new("IA32_ARCH_CAPABILITIES", 7, 0, Edx, 29),
        new("XSAVEOPT", 0xD, 1, Eax, 0),
        new("XSAVEC", 0xD, 1, Eax, 1),
        new("LAHF/SAHF", 0x8000_0001, 0, Ecx, 0),
        new("PREFETCHW", 0x8000_0001, 0, Ecx, 8),
        new("SYSCALL", 0x8000_0001, 0, Edx, 11),
        new("NX", 0x8000_0001, 0, Edx, 20),
        new("Page1GB", 0x8000_0001, 0, Edx, 26),
        new("RDTSCP", 0x8000_0001, 0, Edx, 27),
        new("LM", 0x8000_0001, 0, Edx, 29),
        new("Invariant TSC", 0x8000_0007, 0, Edx, 8),
    ];

    /// <summary>The feature bits of one leaf in one register.</summary>
    public uint Bits(uint leaf, uint subleaf, int output)
    {
        uint bits = 0;
        foreach (CpuFeature feature in Features)
        {
            if (feature.Leaf == leaf && feature.Subleaf == subleaf && feature.Output == output) bits |= 1u << feature.Bit;
        }

        return bits;
    }
}
