using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Interpretation;

/// <summary>A condition code as a type. SDM Vol. 1, "EFLAGS Condition Codes".</summary>
internal interface ICondition
{
    /// <summary>From the flags.</summary>
    static abstract bool Holds(LazyFlags flags);

    /// <summary>From the operands of a CMP, where that is simpler.</summary>
    static abstract bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>;
}

/// <summary>The negation of a condition.</summary>
internal readonly struct Not<TCondition> : ICondition
    where TCondition : struct, ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => !TCondition.Holds(flags);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
        => !TCondition.HoldsForCompare(left, right, flags);
}

/// <summary>O: overflow.</summary>
internal readonly struct Overflow : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.OF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => flags.OF;
}

/// <summary>B, C, NAE: below.</summary>
internal readonly struct Below : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.CF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => left < right;
}

/// <summary>E, Z: equal.</summary>
internal readonly struct Equal : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.ZF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => left == right;
}

/// <summary>BE, NA: below or equal.</summary>
internal readonly struct BelowOrEqual : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.CF | flags.ZF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => left <= right;
}

/// <summary>S: negative.</summary>
internal readonly struct Negative : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.SF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => (long)flags.Result < 0;
}

/// <summary>P: even parity.</summary>
internal readonly struct EvenParity : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.PF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => flags.PF;
}

/// <summary>L, NGE: less.</summary>
internal readonly struct Less : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.Less;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => (long)Widths.SignExtend(left) < (long)Widths.SignExtend(right);
}

/// <summary>LE, NG: less or equal.</summary>
internal readonly struct LessOrEqual : ICondition
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Holds(LazyFlags flags) => flags.Less | flags.ZF;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool HoldsForCompare<T>(T left, T right, LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T> => (long)Widths.SignExtend(left) <= (long)Widths.SignExtend(right);
}
