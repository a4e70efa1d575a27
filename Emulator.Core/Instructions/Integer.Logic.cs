using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "Logical Instructions". CF and OF are 0; AF is undefined and 0 here.</summary>
public static partial class Integer
{
    /// <summary>SDM Vol. 2, "AND—Logical AND", "TEST—Logical Compare".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T And<T>(T left, T right, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = left & right;
        flags = LazyFlags.FromLogic(result);
        return result;
    }

    /// <summary>SDM Vol. 2, "OR—Logical Inclusive OR".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Or<T>(T left, T right, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = left | right;
        flags = LazyFlags.FromLogic(result);
        return result;
    }

    /// <summary>SDM Vol. 2, "XOR—Logical Exclusive OR".</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Xor<T>(T left, T right, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = left ^ right;
        flags = LazyFlags.FromLogic(result);
        return result;
    }
}
