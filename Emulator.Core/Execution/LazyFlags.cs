using System.Numerics;
using System.Runtime.CompilerServices;

namespace Emulator.Core.Execution;

/// <summary>The six status flags, not yet computed: a result and what its carries were. SDM Vol. 1, "Status Flags".</summary>
/// <remarks>
/// ZF is Result = 0. SF is bit 63 of Result, PF the parity of its low byte, each turned over by a correction bit.
/// The carries word: bit 63 is CF, bit 62 is CF xor OF, bit 3 is AF, bits 15:8 correct PF, bit 16 corrects SF.
/// Arithmetic produces exactly this form from its carry vector with one or two operations, whatever the width.
/// </remarks>
/// <param name="result">The result, sign-extended to 64 bits.</param>
/// <param name="carries">The carries word.</param>
public readonly struct LazyFlags(ulong result, ulong carries)
{
    private const int CarryShift = 63;
    private const int OverflowShift = 62;
    private const ulong Auxiliary = 1UL << 3;
    private const int ParityShift = 8;
    private const int SignShift = 16;
    private const ulong CarriesOf64 = 0xFFFF_FFFF_8000_0008;

    /// <summary>The result, sign-extended to 64 bits.</summary>
    public readonly ulong Result = result;

    /// <summary>The carries word.</summary>
    public readonly ulong Carries = carries;

    /// <summary>CF.</summary>
    public bool CF => (long)Carries < 0;

    /// <summary>OF.</summary>
    public bool OF => (long)(Carries ^ (Carries << 1)) < 0;

    /// <summary>AF.</summary>
    public bool AF => (Carries & Auxiliary) != 0;

    /// <summary>ZF.</summary>
    public bool ZF => Result == 0;

    /// <summary>SF.</summary>
    public bool SF => (long)(Result ^ (Carries << (CarryShift - SignShift))) < 0;

    /// <summary>PF.</summary>
    public bool PF => (BitOperations.PopCount((byte)(Result ^ (Carries >> ParityShift))) & 1) == 0;

    /// <summary>SF xor OF: "less" of a signed comparison.</summary>
    public bool Less => SF != OF;

    /// <summary>Flags of an addition or subtraction from its result and the carry (borrow) out of each bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LazyFlags FromCarries<T>(T result, T carries)
        where T : unmanaged, IBinaryInteger<T>
    {
        ulong extended = Widths.ZeroExtend(carries);
        ulong word = Unsafe.SizeOf<T>() == sizeof(ulong)
            ? extended & CarriesOf64
            : (extended << (64 - (8 * Unsafe.SizeOf<T>()))) | (extended & Auxiliary);
        return new LazyFlags(Widths.SignExtend(result), word);
    }

    /// <summary>Flags of a logical operation: CF, OF and AF are 0 (AF is undefined: 0 is this model's choice).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LazyFlags FromLogic<T>(T result)
        where T : unmanaged, IBinaryInteger<T>
        => new(Widths.SignExtend(result), 0);

    /// <summary>SF, ZF and PF of a result with CF, OF and AF given (shifts, multiplications, INC and DEC).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LazyFlags FromResult<T>(T result, bool cf, bool of, bool af = false)
        where T : unmanaged, IBinaryInteger<T>
        => new(Widths.SignExtend(result), CarriesWord(cf, of, af));

    /// <summary>Any combination of the six flags, as POPF and SAHF can make them.</summary>
    public static LazyFlags FromRflags(Rflags flags)
    {
        bool zf = (flags & Rflags.ZF) != 0;
        bool pf = (flags & Rflags.PF) != 0;
        bool sf = (flags & Rflags.SF) != 0;

        // Result 0 has even parity and result 1 odd parity; the correction bits make up the difference.
        bool parityDiffers = zf ? !pf : pf;
        ulong word = CarriesWord((flags & Rflags.CF) != 0, (flags & Rflags.OF) != 0, (flags & Rflags.AF) != 0);
        if (parityDiffers) word |= 1UL << ParityShift;
        if (sf) word |= 1UL << SignShift;
        return new LazyFlags(zf ? 0UL : 1UL, word);
    }

    /// <summary>The same flags with another CF.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LazyFlags WithCF(bool cf)
    {
        // OF is stored relative to CF, so both bits turn when CF turns.
        ulong turn = ((Carries >> CarryShift) ^ (cf ? 1UL : 0UL)) * (3UL << OverflowShift);
        return new LazyFlags(Result, Carries ^ turn);
    }

    /// <summary>The same SF, ZF, AF and PF with another CF and OF (rotates).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LazyFlags WithCarryAndOverflow(bool cf, bool of)
        => new(Result, (Carries & ~(3UL << OverflowShift)) | CarriesWord(cf, of, af: false));

    /// <summary>The flags as they stand in RFLAGS; every other bit is 0.</summary>
    public Rflags ToRflags()
    {
        Rflags flags = Rflags.None;
        if (CF) flags |= Rflags.CF;
        if (PF) flags |= Rflags.PF;
        if (AF) flags |= Rflags.AF;
        if (ZF) flags |= Rflags.ZF;
        if (SF) flags |= Rflags.SF;
        if (OF) flags |= Rflags.OF;
        return flags;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong CarriesWord(bool cf, bool of, bool af)
        => ((cf ? 1UL : 0UL) << CarryShift) | ((cf != of ? 1UL : 0UL) << OverflowShift) | (af ? Auxiliary : 0UL);
}
