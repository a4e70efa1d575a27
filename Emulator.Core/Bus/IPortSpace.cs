namespace Emulator.Core.Bus;

/// <summary>The I/O address space as the processor sees it. SDM Vol. 1, "I/O Address Space".</summary>
public interface IPortSpace
{
    /// <summary>Reads 1, 2 or 4 bytes; ports that nothing decodes answer all ones.</summary>
    uint Read(ushort port, int size);

    /// <summary>Writes 1, 2 or 4 bytes; ports that nothing decodes swallow the value.</summary>
    void Write(ushort port, int size, uint value);
}
