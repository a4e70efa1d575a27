using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>An operation whose result depends on MXCSR; pure but for the exceptions that it collects.</summary>
internal interface IFloatOperation
{
    /// <summary>Destination, source, immediate (0 when there is none) to result.</summary>
    static abstract Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment);
}

/// <summary>An operation on one element of either format.</summary>
internal interface IElementOperation
{
    /// <summary>Bit patterns to bit pattern.</summary>
    static abstract ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
        where T : struct, IBinaryFormat;

    /// <summary>The same by host arithmetic; false when that is not provably right.</summary>
    static virtual bool TryHost(float first, float second, in SseEnvironment environment, out float result, out bool isExact)
    {
        result = 0;
        isExact = false;
        return false;
    }

    /// <inheritdoc cref="TryHost(float, float, in SseEnvironment, out float, out bool)"/>
    static virtual bool TryHost(double first, double second, in SseEnvironment environment, out double result, out bool isExact)
    {
        result = 0;
        isExact = false;
        return false;
    }
}

/// <summary>Destination XMM, source XMM or memory.</summary>
internal readonly unsafe struct Float<TOperation> : IInstruction
    where TOperation : IFloatOperation
{
    /// <inheritdoc/>
    public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
    {
        if (!SseUnit.IsUsable(cpu, state)) return false;
        if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Required, out Bytes source)) return false;
        byte immediate = instruction.OpCount > 2 ? instruction.Immediate8 : (byte)0;
        Bytes* place = SseOperands.Xmm(state, instruction.Op0Register);
        var environment = new SseEnvironment(state->Mxcsr);
        Bytes result = TOperation.Apply(*place, source, immediate, ref environment);
        if (!environment.TryComplete(cpu, state)) return false;
        *place = result;
        return true;
    }
}

/// <summary>Four single-precision elements.</summary>
internal readonly struct PackedSingle<TElement> : IFloatOperation
    where TElement : IElementOperation
{
    /// <inheritdoc/>
    public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
    {
        Vector128<uint> a = first.AsUInt32();
        Vector128<uint> b = second.AsUInt32();
        return Vector128.Create(
            Element.Single<TElement>(a.GetElement(0), b.GetElement(0), immediate, ref environment),
            Element.Single<TElement>(a.GetElement(1), b.GetElement(1), immediate, ref environment),
            Element.Single<TElement>(a.GetElement(2), b.GetElement(2), immediate, ref environment),
            Element.Single<TElement>(a.GetElement(3), b.GetElement(3), immediate, ref environment)).AsByte();
    }
}

/// <summary>Two double-precision elements.</summary>
internal readonly struct PackedDouble<TElement> : IFloatOperation
    where TElement : IElementOperation
{
    /// <inheritdoc/>
    public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
    {
        Vector128<ulong> a = first.AsUInt64();
        Vector128<ulong> b = second.AsUInt64();
        return Vector128.Create(
            Element.Double<TElement>(a.GetElement(0), b.GetElement(0), immediate, ref environment),
            Element.Double<TElement>(a.GetElement(1), b.GetElement(1), immediate, ref environment)).AsByte();
    }
}

/// <summary>The low single-precision element; the destination keeps the others.</summary>
internal readonly struct ScalarSingle<TElement> : IFloatOperation
    where TElement : IElementOperation
{
    /// <inheritdoc/>
    public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
    {
        uint result = Element.Single<TElement>(first.AsUInt32().ToScalar(), second.AsUInt32().ToScalar(), immediate, ref environment);
        return first.AsUInt32().WithElement(0, result).AsByte();
    }
}

/// <summary>The low double-precision element; the destination keeps the other.</summary>
internal readonly struct ScalarDouble<TElement> : IFloatOperation
    where TElement : IElementOperation
{
    /// <inheritdoc/>
    public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
    {
        ulong result = Element.Double<TElement>(first.AsUInt64().ToScalar(), second.AsUInt64().ToScalar(), immediate, ref environment);
        return first.AsUInt64().WithElement(0, result).AsByte();
    }
}

/// <summary>One element: by the host where that is provably right, else in software.</summary>
internal static class Element
{
    /// <summary>A single-precision element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Single<TElement>(uint first, uint second, byte immediate, ref SseEnvironment environment)
        where TElement : IElementOperation
    {
        if (environment.IsHostLike
            && TElement.TryHost(BitConverter.UInt32BitsToSingle(first), BitConverter.UInt32BitsToSingle(second), in environment, out float result, out bool isExact))
        {
            if (!isExact) environment.Raised |= SseExceptions.Precision;
            return BitConverter.SingleToUInt32Bits(result);
        }

        return (uint)TElement.Apply<Binary32>(first, second, immediate, ref environment);
    }

    /// <summary>A double-precision element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Double<TElement>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
        where TElement : IElementOperation
    {
        if (environment.IsHostLike
            && TElement.TryHost(BitConverter.UInt64BitsToDouble(first), BitConverter.UInt64BitsToDouble(second), in environment, out double result, out bool isExact))
        {
            if (!isExact) environment.Raised |= SseExceptions.Precision;
            return BitConverter.DoubleToUInt64Bits(result);
        }

        return TElement.Apply<Binary64>(first, second, immediate, ref environment);
    }
}
