using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emulator.Core.Execution;

/// <summary>Extension of operands between the four integer widths; each call is one machine instruction or none.</summary>
internal static class Widths
{
    /// <summary>Fills the upper bits with zeroes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ZeroExtend<T>(T value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1) return Unsafe.BitCast<T, byte>(value);
        if (Unsafe.SizeOf<T>() == 2) return Unsafe.BitCast<T, ushort>(value);
        if (Unsafe.SizeOf<T>() == 4) return Unsafe.BitCast<T, uint>(value);
        return Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>Fills the upper bits with the sign bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong SignExtend<T>(T value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1) return (ulong)Unsafe.BitCast<T, sbyte>(value);
        if (Unsafe.SizeOf<T>() == 2) return (ulong)Unsafe.BitCast<T, short>(value);
        if (Unsafe.SizeOf<T>() == 4) return (ulong)Unsafe.BitCast<T, int>(value);
        return Unsafe.BitCast<T, ulong>(value);
    }

    /// <summary>Keeps the low bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Truncate<T>(ulong value)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() == 1) return Unsafe.BitCast<byte, T>((byte)value);
        if (Unsafe.SizeOf<T>() == 2) return Unsafe.BitCast<ushort, T>((ushort)value);
        if (Unsafe.SizeOf<T>() == 4) return Unsafe.BitCast<uint, T>((uint)value);
        return Unsafe.BitCast<ulong, T>(value);
    }

    /// <summary>Bits per operand.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Bits<T>()
        where T : unmanaged
        => 8 * Unsafe.SizeOf<T>();

    /// <summary>The most significant bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Sign<T>(T value)
        where T : unmanaged, IBinaryInteger<T>
        => (long)SignExtend(value) < 0;
}
