using System.Runtime.InteropServices;

namespace Emulator.Core.Memory;

/// <summary>A cached translation. Tags are linear page addresses; one with low bits set sends the access to the slow path.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
public struct TlbEntry
{
    /// <summary>The translation is valid but the page is special (MMIO, ROM, code on it).</summary>
    public const ulong SlowBit = 2;

    /// <summary>Matches when the page may be read straight from host memory.</summary>
    public ulong ReadTag;

    /// <summary>Matches when the page may be written straight to host memory (dirty, no code on it).</summary>
    public ulong WriteTag;

    /// <summary>Host address minus linear address.</summary>
    public ulong Addend;

    /// <summary>Physical page address.</summary>
    public ulong Physical;
}
