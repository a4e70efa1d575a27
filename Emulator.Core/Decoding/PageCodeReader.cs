using Iced.Intel;

namespace Emulator.Core.Decoding;

/// <summary>Feeds the decoder from a window of at most 15 bytes per instruction.</summary>
internal sealed unsafe class PageCodeReader : CodeReader
{
    private byte* _next;
    private byte* _end;

    /// <summary>Points the reader at bytes that stay valid while one instruction is decoded.</summary>
    public void Set(byte* start, int length)
    {
        _next = start;
        _end = start + length;
    }

    /// <inheritdoc/>
    public override int ReadByte() => _next < _end ? *_next++ : -1;
}
