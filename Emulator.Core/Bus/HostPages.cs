using System.Runtime.InteropServices;

namespace Emulator.Core.Bus;

/// <summary>Page-aligned, zeroed host memory that costs nothing until it is touched.</summary>
internal static unsafe class HostPages
{
    private const uint HostPageAlignment = 4096;

    /// <summary>Reserves <paramref name="bytes"/> bytes of zeroes.</summary>
    /// <exception cref="OutOfMemoryException">The host has no room.</exception>
    public static byte* Reserve(ulong bytes)
    {
        // calloc of a large block maps fresh zero pages lazily on every supported host; the slack gives the alignment.
        byte* raw = (byte*)NativeMemory.AllocZeroed((nuint)bytes + (2 * HostPageAlignment));
        byte* aligned = (byte*)(((nuint)raw + HostPageAlignment + (nuint)sizeof(void*)) & ~((nuint)HostPageAlignment - 1));
        ((byte**)aligned)[-1] = raw;
        return aligned;
    }

    /// <summary>Frees what <see cref="Reserve"/> gave.</summary>
    public static void Release(byte* aligned) => NativeMemory.Free(((byte**)aligned)[-1]);
}
