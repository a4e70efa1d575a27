using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>SDM Vol. 1, "SSE Packed and Scalar Floating-Point Instructions", "SSE2", "SSE3", "SSE4.1".</summary>
internal static class SseFloatArithmetic
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Float<PackedSingle<Add>>>(Mnemonic.Addps),
        InstructionRow.Of<Float<PackedDouble<Add>>>(Mnemonic.Addpd),
        InstructionRow.Of<Float<ScalarSingle<Add>>>(Mnemonic.Addss),
        InstructionRow.Of<Float<ScalarDouble<Add>>>(Mnemonic.Addsd),
        InstructionRow.Of<Float<PackedSingle<Subtract>>>(Mnemonic.Subps),
        InstructionRow.Of<Float<PackedDouble<Subtract>>>(Mnemonic.Subpd),
        InstructionRow.Of<Float<ScalarSingle<Subtract>>>(Mnemonic.Subss),
        InstructionRow.Of<Float<ScalarDouble<Subtract>>>(Mnemonic.Subsd),
        InstructionRow.Of<Float<PackedSingle<Multiply>>>(Mnemonic.Mulps),
        InstructionRow.Of<Float<PackedDouble<Multiply>>>(Mnemonic.Mulpd),
        InstructionRow.Of<Float<ScalarSingle<Multiply>>>(Mnemonic.Mulss),
        InstructionRow.Of<Float<ScalarDouble<Multiply>>>(Mnemonic.Mulsd),
        InstructionRow.Of<Float<PackedSingle<Divide>>>(Mnemonic.Divps),
        InstructionRow.Of<Float<PackedDouble<Divide>>>(Mnemonic.Divpd),
        InstructionRow.Of<Float<ScalarSingle<Divide>>>(Mnemonic.Divss),
        InstructionRow.Of<Float<ScalarDouble<Divide>>>(Mnemonic.Divsd),
        InstructionRow.Of<Float<PackedSingle<SquareRoot>>>(Mnemonic.Sqrtps),
        InstructionRow.Of<Float<PackedDouble<SquareRoot>>>(Mnemonic.Sqrtpd),
        InstructionRow.Of<Float<ScalarSingle<SquareRoot>>>(Mnemonic.Sqrtss),
        InstructionRow.Of<Float<ScalarDouble<SquareRoot>>>(Mnemonic.Sqrtsd),
        InstructionRow.Of<Float<PackedSingle<Minimum>>>(Mnemonic.Minps),
        InstructionRow.Of<Float<PackedDouble<Minimum>>>(Mnemonic.Minpd),
        InstructionRow.Of<Float<ScalarSingle<Minimum>>>(Mnemonic.Minss),
        InstructionRow.Of<Float<ScalarDouble<Minimum>>>(Mnemonic.Minsd),
        InstructionRow.Of<Float<PackedSingle<Maximum>>>(Mnemonic.Maxps),
        InstructionRow.Of<Float<PackedDouble<Maximum>>>(Mnemonic.Maxpd),
        InstructionRow.Of<Float<ScalarSingle<Maximum>>>(Mnemonic.Maxss),
        InstructionRow.Of<Float<ScalarDouble<Maximum>>>(Mnemonic.Maxsd),
        InstructionRow.Of<Float<PackedSingle<Compare>>>(Mnemonic.Cmpps),
        InstructionRow.Of<Float<PackedDouble<Compare>>>(Mnemonic.Cmppd),
        InstructionRow.Of<Float<ScalarSingle<Compare>>>(Mnemonic.Cmpss),
        InstructionRow.VectorForm<Float<ScalarDouble<Compare>>>(Mnemonic.Cmpsd),
        InstructionRow.Of<Float<PackedSingle<RoundToIntegral>>>(Mnemonic.Roundps),
        InstructionRow.Of<Float<PackedDouble<RoundToIntegral>>>(Mnemonic.Roundpd),
        InstructionRow.Of<Float<ScalarSingle<RoundToIntegral>>>(Mnemonic.Roundss),
        InstructionRow.Of<Float<ScalarDouble<RoundToIntegral>>>(Mnemonic.Roundsd),
        InstructionRow.Of<Float<PackedSingle<Reciprocal>>>(Mnemonic.Rcpps),
        InstructionRow.Of<Float<ScalarSingle<Reciprocal>>>(Mnemonic.Rcpss),
        InstructionRow.Of<Float<PackedSingle<ReciprocalRoot>>>(Mnemonic.Rsqrtps),
        InstructionRow.Of<Float<ScalarSingle<ReciprocalRoot>>>(Mnemonic.Rsqrtss),
        InstructionRow.Of<CompareToFlags<Binary32, Ordered>>(Mnemonic.Comiss),
        InstructionRow.Of<CompareToFlags<Binary64, Ordered>>(Mnemonic.Comisd),
        InstructionRow.Of<CompareToFlags<Binary32, Unordered>>(Mnemonic.Ucomiss),
        InstructionRow.Of<CompareToFlags<Binary64, Unordered>>(Mnemonic.Ucomisd),
    ];

    private interface IQuietRule
    {
        static abstract bool SignalsQuiet { get; }
    }

    private readonly struct Ordered : IQuietRule
    {
        public static bool SignalsQuiet => true;
    }

    private readonly struct Unordered : IQuietRule
    {
        public static bool SignalsQuiet => false;
    }

    /// <summary>Sum.</summary>
    internal readonly struct Add : IElementOperation
    {
        /// <inheritdoc/>
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseScalar<T>.Add(first, second, ref environment);

        /// <inheritdoc/>
        public static bool TryHost(float first, float second, in SseEnvironment environment, out float result, out bool isExact)
        {
            result = first + second;
            isExact = environment.HasPrecisionFlag || HostArithmetic.IsExactSum(first, second, result);
            return HostArithmetic.IsOrdinary(first) && HostArithmetic.IsOrdinary(second) && HostArithmetic.IsProvable(result);
        }

        /// <inheritdoc/>
        public static bool TryHost(double first, double second, in SseEnvironment environment, out double result, out bool isExact)
        {
            result = first + second;
            isExact = environment.HasPrecisionFlag || HostArithmetic.IsExactSum(first, second, result);
            return HostArithmetic.IsOrdinary(first) && HostArithmetic.IsOrdinary(second) && HostArithmetic.IsProvable(result);
        }
    }

    /// <summary>Difference.</summary>
    internal readonly struct Subtract : IElementOperation
    {
        /// <inheritdoc/>
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseScalar<T>.Subtract(first, second, ref environment);

        /// <inheritdoc/>
        public static bool TryHost(float first, float second, in SseEnvironment environment, out float result, out bool isExact)
            => Add.TryHost(first, -second, in environment, out result, out isExact);

        /// <inheritdoc/>
        public static bool TryHost(double first, double second, in SseEnvironment environment, out double result, out bool isExact)
            => Add.TryHost(first, -second, in environment, out result, out isExact);
    }

    private readonly struct Multiply : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseScalar<T>.Multiply(first, second, ref environment);

        public static bool TryHost(float first, float second, in SseEnvironment environment, out float result, out bool isExact)
        {
            result = first * second;
            isExact = environment.HasPrecisionFlag || (double)first * second == result;
            return HostArithmetic.IsOrdinary(first) && HostArithmetic.IsOrdinary(second) && HostArithmetic.IsProvable(result);
        }

        public static bool TryHost(double first, double second, in SseEnvironment environment, out double result, out bool isExact)
        {
            result = first * second;
            isExact = environment.HasPrecisionFlag || Math.FusedMultiplyAdd(first, second, -result) == 0;
            return HostArithmetic.IsOrdinary(first) && HostArithmetic.IsOrdinary(second) && HostArithmetic.IsProvable(result);
        }
    }

    private readonly struct Divide : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseScalar<T>.Divide(first, second, ref environment);

        public static bool TryHost(float first, float second, in SseEnvironment environment, out float result, out bool isExact)
        {
            result = first / second;
            isExact = environment.HasPrecisionFlag || (double)result * second == first;
            return HostArithmetic.IsOrdinary(first) && HostArithmetic.IsOrdinary(second) && HostArithmetic.IsProvable(result);
        }

        public static bool TryHost(double first, double second, in SseEnvironment environment, out double result, out bool isExact)
        {
            result = first / second;
            isExact = environment.HasPrecisionFlag || Math.FusedMultiplyAdd(-result, second, first) == 0;
            return HostArithmetic.IsProvable(first) && HostArithmetic.IsOrdinary(second) && HostArithmetic.IsProvable(result);
        }
    }

    private readonly struct SquareRoot : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseScalar<T>.SquareRoot(second, ref environment);

        public static bool TryHost(float first, float second, in SseEnvironment environment, out float result, out bool isExact)
        {
            result = MathF.Sqrt(second);
            isExact = environment.HasPrecisionFlag || (double)result * result == second;
            return HostArithmetic.IsProvable(second) && second > 0;
        }

        public static bool TryHost(double first, double second, in SseEnvironment environment, out double result, out bool isExact)
        {
            result = Math.Sqrt(second);
            isExact = environment.HasPrecisionFlag || Math.FusedMultiplyAdd(-result, result, second) == 0;
            return HostArithmetic.IsProvable(second) && second > 0;
        }
    }

    private readonly struct Minimum : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseScalar<T>.Select(first, second, isMaximum: false, ref environment);
    }

    private readonly struct Maximum : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseScalar<T>.Select(first, second, isMaximum: true, ref environment);
    }

    /// <summary>SDM Vol. 2, "CMPPS", comparison predicates 0 to 7: bit 2 negates, LT and LE signal QNaNs.</summary>
    private readonly struct Compare : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
        {
            int predicate = immediate & 3;
            int? order = SseScalar<T>.Compare(first, second, signalsQuiet: predicate is 1 or 2, ref environment);
            bool holds = predicate switch
            {
                0 => order == 0,
                1 => order < 0,
                2 => order <= 0,
                _ => order is null,
            };
            return holds != ((immediate & 4) != 0) ? SseNumber<T>.SignBit | (SseNumber<T>.SignBit - 1) : 0;
        }
    }

    private readonly struct RoundToIntegral : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseConversion<T>.RoundToIntegral(second, immediate, ref environment);
    }

    private readonly struct Reciprocal : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseApproximation.Reciprocal((uint)second);
    }

    private readonly struct ReciprocalRoot : IElementOperation
    {
        public static ulong Apply<T>(ulong first, ulong second, byte immediate, ref SseEnvironment environment)
            where T : struct, IBinaryFormat
            => SseApproximation.ReciprocalRoot((uint)second);
    }

    /// <summary>SDM Vol. 2, "COMISS", "UCOMISS": ZF, PF, CF; OF, SF and AF are 0.</summary>
    private readonly unsafe struct CompareToFlags<T, TRule> : IInstruction
        where T : struct, IBinaryFormat
        where TRule : IQuietRule
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Any, out Bytes source)) return false;
            ulong mask = SseNumber<T>.SignBit | (SseNumber<T>.SignBit - 1);
            ulong first = *(ulong*)SseOperands.Xmm(state, instruction.Op0Register) & mask;
            var environment = new SseEnvironment(state->Mxcsr);
            int? order = SseScalar<T>.Compare(first, source.AsUInt64().ToScalar() & mask, TRule.SignalsQuiet, ref environment);
            if (!environment.TryComplete(cpu, state)) return false;
            state->Flags = LazyFlags.FromRflags(order switch
            {
                null => Rflags.ZF | Rflags.PF | Rflags.CF,
                < 0 => Rflags.CF,
                0 => Rflags.ZF,
                _ => Rflags.None,
            });
            return true;
        }
    }
}
