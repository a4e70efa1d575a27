namespace Emulator.Core.Execution;

/// <summary>Bits of the control registers and IA32_EFER. SDM Vol. 3A, "Control Registers", "Extended Feature Enable Register".</summary>
public static class ControlRegisters
{
#pragma warning disable CS1591 // The names are the SDM's.
    public const ulong Cr0PE = 1UL << 0;
    public const ulong Cr0MP = 1UL << 1;
    public const ulong Cr0EM = 1UL << 2;
    public const ulong Cr0TS = 1UL << 3;
    public const ulong Cr0ET = 1UL << 4;
    public const ulong Cr0NE = 1UL << 5;
    public const ulong Cr0WP = 1UL << 16;
    public const ulong Cr0AM = 1UL << 18;
    public const ulong Cr0NW = 1UL << 29;
    public const ulong Cr0CD = 1UL << 30;
    public const ulong Cr0PG = 1UL << 31;
    public const ulong Cr4VME = 1UL << 0;
    public const ulong Cr4PVI = 1UL << 1;
    public const ulong Cr4TSD = 1UL << 2;
    public const ulong Cr4DE = 1UL << 3;
    public const ulong Cr4PSE = 1UL << 4;
    public const ulong Cr4PAE = 1UL << 5;
    public const ulong Cr4MCE = 1UL << 6;
    public const ulong Cr4PGE = 1UL << 7;
    public const ulong Cr4PCE = 1UL << 8;
    public const ulong Cr4OSFXSR = 1UL << 9;
    public const ulong Cr4OSXMMEXCPT = 1UL << 10;
    public const ulong Cr4UMIP = 1UL << 11;
    public const ulong Cr4LA57 = 1UL << 12;
    public const ulong Cr4VMXE = 1UL << 13;
    public const ulong Cr4SMXE = 1UL << 14;
    public const ulong Cr4FSGSBASE = 1UL << 16;
    public const ulong Cr4PCIDE = 1UL << 17;
    public const ulong Cr4OSXSAVE = 1UL << 18;
    public const ulong Cr4SMEP = 1UL << 20;
    public const ulong Cr4SMAP = 1UL << 21;
    public const ulong Cr4PKE = 1UL << 22;
    public const ulong EferSCE = 1UL << 0;
    public const ulong EferLME = 1UL << 8;
    public const ulong EferLMA = 1UL << 10;
    public const ulong EferNXE = 1UL << 11;
#pragma warning restore CS1591
}
