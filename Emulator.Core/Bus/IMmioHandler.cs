namespace Emulator.Core.Bus;

/// <summary>What answers in a memory-mapped range of the physical address space.</summary>
public interface IMmioHandler
{
    /// <summary>Reads 1, 2, 4 or 8 bytes at <paramref name="offset"/> bytes into the range.</summary>
    ulong Read(ulong offset, int size);

    /// <summary>Writes 1, 2, 4 or 8 bytes at <paramref name="offset"/> bytes into the range.</summary>
    void Write(ulong offset, int size, ulong value);
}
