using System.Runtime.Intrinsics;
using Emulator.Core.Execution;
using Iced.Intel;
using Bytes = System.Runtime.Intrinsics.Vector128<byte>;

namespace Emulator.Core.Instructions.Sse;

/// <summary>SDM Vol. 1, "SSE Conversion Instructions", "SSE2 Conversion Instructions".</summary>
internal static unsafe class SseConversions
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Float<SinglesToDoubles>>(Mnemonic.Cvtps2pd),
        InstructionRow.Of<Float<DoublesToSingles>>(Mnemonic.Cvtpd2ps),
        InstructionRow.Of<Float<SingleToDouble>>(Mnemonic.Cvtss2sd),
        InstructionRow.Of<Float<DoubleToSingle>>(Mnemonic.Cvtsd2ss),
        InstructionRow.Of<Float<IntegersToSingles>>(Mnemonic.Cvtdq2ps),
        InstructionRow.Of<Float<IntegersToDoubles>>(Mnemonic.Cvtdq2pd),
        InstructionRow.Of<Float<SinglesToIntegers<Rounded>>>(Mnemonic.Cvtps2dq),
        InstructionRow.Of<Float<SinglesToIntegers<Truncated>>>(Mnemonic.Cvttps2dq),
        InstructionRow.Of<Float<DoublesToIntegers<Rounded>>>(Mnemonic.Cvtpd2dq),
        InstructionRow.Of<Float<DoublesToIntegers<Truncated>>>(Mnemonic.Cvttpd2dq),
        InstructionRow.Of<FromGeneral<Binary32>>(Mnemonic.Cvtsi2ss),
        InstructionRow.Of<FromGeneral<Binary64>>(Mnemonic.Cvtsi2sd),
        InstructionRow.Of<ToGeneral<Binary32, Rounded>>(Mnemonic.Cvtss2si),
        InstructionRow.Of<ToGeneral<Binary64, Rounded>>(Mnemonic.Cvtsd2si),
        InstructionRow.Of<ToGeneral<Binary32, Truncated>>(Mnemonic.Cvttss2si),
        InstructionRow.Of<ToGeneral<Binary64, Truncated>>(Mnemonic.Cvttsd2si),
        InstructionRow.Of<FromMmx<MmxToSingles>>(Mnemonic.Cvtpi2ps),
        InstructionRow.Of<FromMmx<IntegersToDoubles>>(Mnemonic.Cvtpi2pd),
        InstructionRow.Of<ToMmx<SinglesToIntegers<Rounded>>>(Mnemonic.Cvtps2pi),
        InstructionRow.Of<ToMmx<SinglesToIntegers<Truncated>>>(Mnemonic.Cvttps2pi),
        InstructionRow.Of<ToMmx<DoublesToIntegers<Rounded>>>(Mnemonic.Cvtpd2pi),
        InstructionRow.Of<ToMmx<DoublesToIntegers<Truncated>>>(Mnemonic.Cvttpd2pi),
    ];

    private interface IDirection
    {
        static abstract bool Truncates { get; }
    }

    private readonly struct Rounded : IDirection
    {
        public static bool Truncates => false;
    }

    private readonly struct Truncated : IDirection
    {
        public static bool Truncates => true;
    }

    private readonly struct SinglesToDoubles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
            => Vector128.Create(
                SseConversion<Binary32>.To<Binary64>(second.AsUInt32().GetElement(0), ref environment),
                SseConversion<Binary32>.To<Binary64>(second.AsUInt32().GetElement(1), ref environment)).AsByte();
    }

    private readonly struct DoublesToSingles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
            => Vector128.Create(
                (uint)SseConversion<Binary64>.To<Binary32>(second.AsUInt64().GetElement(0), ref environment),
                (uint)SseConversion<Binary64>.To<Binary32>(second.AsUInt64().GetElement(1), ref environment), 0, 0).AsByte();
    }

    private readonly struct SingleToDouble : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
            => first.AsUInt64().WithElement(0, SseConversion<Binary32>.To<Binary64>(second.AsUInt32().ToScalar(), ref environment)).AsByte();
    }

    private readonly struct DoubleToSingle : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
            => first.AsUInt32().WithElement(0, (uint)SseConversion<Binary64>.To<Binary32>(second.AsUInt64().ToScalar(), ref environment)).AsByte();
    }

    private readonly struct IntegersToSingles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            Vector128<int> source = second.AsInt32();
            return Vector128.Create(
                (uint)SseConversion<Binary32>.FromInteger(source.GetElement(0), ref environment),
                (uint)SseConversion<Binary32>.FromInteger(source.GetElement(1), ref environment),
                (uint)SseConversion<Binary32>.FromInteger(source.GetElement(2), ref environment),
                (uint)SseConversion<Binary32>.FromInteger(source.GetElement(3), ref environment)).AsByte();
        }
    }

    private readonly struct MmxToSingles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            Vector128<int> source = second.AsInt32();
            ulong low = SseConversion<Binary32>.FromInteger(source.GetElement(0), ref environment);
            ulong high = SseConversion<Binary32>.FromInteger(source.GetElement(1), ref environment);
            return first.AsUInt64().WithElement(0, low | (high << 32)).AsByte();
        }
    }

    private readonly struct IntegersToDoubles : IFloatOperation
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
            => Vector128.Create((double)second.AsInt32().GetElement(0), second.AsInt32().GetElement(1)).AsByte();
    }

    private readonly struct SinglesToIntegers<TDirection> : IFloatOperation
        where TDirection : IDirection
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
        {
            Vector128<uint> source = second.AsUInt32();
            return Vector128.Create(
                (int)SseConversion<Binary32>.ToInteger(source.GetElement(0), 32, TDirection.Truncates, ref environment),
                (int)SseConversion<Binary32>.ToInteger(source.GetElement(1), 32, TDirection.Truncates, ref environment),
                (int)SseConversion<Binary32>.ToInteger(source.GetElement(2), 32, TDirection.Truncates, ref environment),
                (int)SseConversion<Binary32>.ToInteger(source.GetElement(3), 32, TDirection.Truncates, ref environment)).AsByte();
        }
    }

    private readonly struct DoublesToIntegers<TDirection> : IFloatOperation
        where TDirection : IDirection
    {
        public static Bytes Apply(Bytes first, Bytes second, byte immediate, ref SseEnvironment environment)
            => Vector128.Create(
                (int)SseConversion<Binary64>.ToInteger(second.AsUInt64().GetElement(0), 32, TDirection.Truncates, ref environment),
                (int)SseConversion<Binary64>.ToInteger(second.AsUInt64().GetElement(1), 32, TDirection.Truncates, ref environment), 0, 0).AsByte();
    }

    /// <summary>CVTSI2SS and CVTSI2SD: 32 or 64 bits of a register or memory.</summary>
    private readonly struct FromGeneral<T> : IInstruction
        where T : struct, IBinaryFormat
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state) || !cpu.TryReadOperand(in instruction, 1, out ulong source)) return false;
            int size = instruction.Op1Kind == OpKind.Memory ? instruction.MemorySize.GetSize() : instruction.Op1Register.GetSize();
            var environment = new SseEnvironment(state->Mxcsr);
            ulong result = SseConversion<T>.FromInteger(size == sizeof(ulong) ? (long)source : (int)source, ref environment);
            if (!environment.TryComplete(cpu, state)) return false;
            Bytes* place = SseOperands.Xmm(state, instruction.Op0Register);
            if (T.FractionBits == Binary32.FractionBits) *(uint*)place = (uint)result;
            else *(ulong*)place = result;
            return true;
        }
    }

    /// <summary>CVTSS2SI and its like: to a register of 32 or 64 bits.</summary>
    private readonly struct ToGeneral<T, TDirection> : IInstruction
        where T : struct, IBinaryFormat
        where TDirection : IDirection
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseUnit.IsUsable(cpu, state)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Any, out Bytes source)) return false;
            ulong value = source.AsUInt64().ToScalar() & (SseNumber<T>.SignBit | (SseNumber<T>.SignBit - 1));
            Register destination = instruction.Op0Register;
            var environment = new SseEnvironment(state->Mxcsr);
            long result = SseConversion<T>.ToInteger(value, 8 * destination.GetSize(), TDirection.Truncates, ref environment);
            if (!environment.TryComplete(cpu, state)) return false;
            cpu.WriteRegister(destination, (ulong)result);
            return true;
        }
    }

    /// <summary>CVTPI2PS and CVTPI2PD: a memory source does not touch the x87 state.</summary>
    private readonly struct FromMmx<TOperation> : IInstruction
        where TOperation : IFloatOperation
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            bool usesMmx = instruction.Op1Register.IsMM();
            if (!SseOperands.IsUsable(cpu, state, usesMmx, usesXmm: true)) return false;
            if (!Float<TOperation>.Execute(cpu, state, in instruction)) return false;
            if (usesMmx) MmxRegisters.Enter(state);
            return true;
        }
    }

    /// <summary>CVTPS2PI and its like.</summary>
    private readonly struct ToMmx<TOperation> : IInstruction
        where TOperation : IFloatOperation
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!SseOperands.IsUsable(cpu, state, usesMmx: true, usesXmm: true)) return false;
            if (!SseOperands.TryRead(cpu, state, in instruction, 1, SseAlignment.Required, out Bytes source)) return false;

            // CVTPS2PI has two elements: the upper half must not raise anything.
            if (instruction.Mnemonic is Mnemonic.Cvtps2pi or Mnemonic.Cvttps2pi)
            {
                source = Vector128.CreateScalar(source.AsUInt64().ToScalar()).AsByte();
            }

            var environment = new SseEnvironment(state->Mxcsr);
            Bytes result = TOperation.Apply(default, source, 0, ref environment);
            if (!environment.TryComplete(cpu, state)) return false;
            MmxRegisters.Enter(state);
            MmxRegisters.Write(state, instruction.Op0Register, result.AsUInt64().ToScalar());
            return true;
        }
    }
}
