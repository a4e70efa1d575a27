using System.Numerics;
using Emulator.Core.Execution;
using Emulator.Core.Interpretation;
using Iced.Intel;

namespace Emulator.Core.Decoding;

internal static unsafe partial class HandlerChoice
{
    /// <summary>Joins CMP or TEST of registers and immediates with the Jcc after it.</summary>
    public static bool TryFuse(in Instruction first, in Instruction second, ExecutionMode mode, Operation* operation)
    {
        if (!IsFast(mode) || first.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test) || !IsRelativeJcc(in second, mode)) return false;
        if (first.GetOpKind(0) != OpKind.Register || first.GetOpKind(1) == OpKind.Memory) return false;
        Shape shape = ShapeOf(in first, mode, operation, out int size, out _);
        if (shape is not (Shape.RegisterRegister or Shape.RegisterImmediate)) return false;
        operation->Displacement = operation->Immediate;
        operation->Immediate = Target(in second, mode);
        operation->Length = (byte)(first.Length + second.Length);
        var fusion = new Fusion(first.Mnemonic == Mnemonic.Test, shape == Shape.RegisterImmediate, size);
        operation->Handler = (delegate*<ProcessorState*, Operation*, long, long>)Fused(second.ConditionCode, fusion);
        return true;
    }

    private readonly record struct Fusion(bool IsTest, bool IsImmediate, int Size);

    private static bool IsRelativeJcc(in Instruction instruction, ExecutionMode mode)
        => instruction.ConditionCode != ConditionCode.None
            && instruction.FlowControl == FlowControl.ConditionalBranch
            && (Is64(mode) || instruction.Op0Kind == OpKind.NearBranch32)
            && IsJcc(instruction.Mnemonic);

    private static bool IsJcc(Mnemonic mnemonic)
        => mnemonic is not (Mnemonic.Loope or Mnemonic.Loopne or Mnemonic.Loop or Mnemonic.Jcxz or Mnemonic.Jecxz or Mnemonic.Jrcxz);

    /// <summary>Branch target as an offset from the page of the branch.</summary>
    private static long Target(in Instruction instruction, ExecutionMode mode)
        => Is64(mode) ? (long)instruction.NearBranch64 : (int)instruction.NearBranch32;

    private static nint Conditional(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        ConditionCode condition = instruction.ConditionCode;
        if (condition == ConditionCode.None) return 0;
        if (instruction.FlowControl == FlowControl.ConditionalBranch)
        {
            if (!IsFast(mode) || !IsRelativeJcc(in instruction, mode)) return 0;
            operation->Immediate = Target(in instruction, mode);
            return Conditional(condition, ConditionalUse.Jump);
        }

        if (!TryRegister(in instruction, 0, out operation->Destination, out int size)) return 0;
        if (instruction.OpCount == 1) return size == 1 ? Conditional(condition, ConditionalUse.Set) : 0;
        if (instruction.OpCount != 2 || !TryRegister(in instruction, 1, out operation->Source, out _)) return 0;
        return size switch
        {
            4 => Conditional(condition, ConditionalUse.Move32),
            8 => Conditional(condition, ConditionalUse.Move64),
            _ => 0,
        };
    }

    private enum ConditionalUse
    {
        Jump,
        Set,
        Move32,
        Move64,
    }

    private static nint Conditional(ConditionCode condition, ConditionalUse use) => condition switch
    {
        ConditionCode.o => Conditional<Overflow>(use),
        ConditionCode.no => Conditional<Not<Overflow>>(use),
        ConditionCode.b => Conditional<Below>(use),
        ConditionCode.ae => Conditional<Not<Below>>(use),
        ConditionCode.e => Conditional<Equal>(use),
        ConditionCode.ne => Conditional<Not<Equal>>(use),
        ConditionCode.be => Conditional<BelowOrEqual>(use),
        ConditionCode.a => Conditional<Not<BelowOrEqual>>(use),
        ConditionCode.s => Conditional<Negative>(use),
        ConditionCode.ns => Conditional<Not<Negative>>(use),
        ConditionCode.p => Conditional<EvenParity>(use),
        ConditionCode.np => Conditional<Not<EvenParity>>(use),
        ConditionCode.l => Conditional<Less>(use),
        ConditionCode.ge => Conditional<Not<Less>>(use),
        ConditionCode.le => Conditional<LessOrEqual>(use),
        _ => Conditional<Not<LessOrEqual>>(use),
    };

    private static nint Conditional<TCondition>(ConditionalUse use)
        where TCondition : struct, ICondition
        => use switch
        {
            ConditionalUse.Jump => HandlerEntry.Of(ConditionHandlers<TCondition>.Jump),
            ConditionalUse.Set => HandlerEntry.Of(ConditionHandlers<TCondition>.Set),
            ConditionalUse.Move32 => HandlerEntry.Of(ConditionHandlers<TCondition>.Move32),
            _ => HandlerEntry.Of(ConditionHandlers<TCondition>.Move64),
        };

    private static nint Fused(ConditionCode condition, Fusion fusion) => condition switch
    {
        ConditionCode.o => Fused<Overflow>(fusion),
        ConditionCode.no => Fused<Not<Overflow>>(fusion),
        ConditionCode.b => Fused<Below>(fusion),
        ConditionCode.ae => Fused<Not<Below>>(fusion),
        ConditionCode.e => Fused<Equal>(fusion),
        ConditionCode.ne => Fused<Not<Equal>>(fusion),
        ConditionCode.be => Fused<BelowOrEqual>(fusion),
        ConditionCode.a => Fused<Not<BelowOrEqual>>(fusion),
        ConditionCode.s => Fused<Negative>(fusion),
        ConditionCode.ns => Fused<Not<Negative>>(fusion),
        ConditionCode.p => Fused<EvenParity>(fusion),
        ConditionCode.np => Fused<Not<EvenParity>>(fusion),
        ConditionCode.l => Fused<Less>(fusion),
        ConditionCode.ge => Fused<Not<Less>>(fusion),
        ConditionCode.le => Fused<LessOrEqual>(fusion),
        _ => Fused<Not<LessOrEqual>>(fusion),
    };

    private static nint Fused<TCondition>(Fusion fusion)
        where TCondition : struct, ICondition
        => fusion.Size switch
        {
            1 => Fused<TCondition, byte>(fusion),
            2 => Fused<TCondition, ushort>(fusion),
            4 => Fused<TCondition, uint>(fusion),
            _ => Fused<TCondition, ulong>(fusion),
        };

    private static nint Fused<TCondition, T>(Fusion fusion)
        where TCondition : struct, ICondition
        where T : unmanaged, IBinaryInteger<T>
        => (fusion.IsTest, fusion.IsImmediate) switch
        {
            (false, false) => HandlerEntry.Of(FusedHandlers<TCondition, T>.CompareRegister),
            (false, true) => HandlerEntry.Of(FusedHandlers<TCondition, T>.CompareImmediate),
            (true, false) => HandlerEntry.Of(FusedHandlers<TCondition, T>.TestRegister),
            _ => HandlerEntry.Of(FusedHandlers<TCondition, T>.TestImmediate),
        };

    private static nint Jump(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        if (!IsFast(mode)) return 0;
        switch (instruction.Op0Kind)
        {
            case OpKind.NearBranch64:
            case OpKind.NearBranch32:
                operation->Immediate = Target(in instruction, mode);
                return HandlerEntry.Of(JumpHandlers.Jump);
            case OpKind.Register when Is64(mode) && TryRegister(in instruction, 0, out operation->Destination, out int size) && size == 8:
                return HandlerEntry.Of(JumpHandlers.JumpRegister);
            case OpKind.Memory when Is64(mode) && instruction.Code == Code.Jmp_rm64:
                return Indirect(Address(in instruction, mode, operation), isCall: false);
            default:
                return 0;
        }
    }

    private static nint Indirect(Form form, bool isCall) => form switch
    {
        Form.Base => isCall ? HandlerEntry.Of(IndirectHandlers<BaseForm>.Call) : HandlerEntry.Of(IndirectHandlers<BaseForm>.Jump),
        Form.Indexed => isCall ? HandlerEntry.Of(IndirectHandlers<IndexedForm>.Call) : HandlerEntry.Of(IndirectHandlers<IndexedForm>.Jump),
        Form.FsGs => isCall ? HandlerEntry.Of(IndirectHandlers<FsGsForm>.Call) : HandlerEntry.Of(IndirectHandlers<FsGsForm>.Jump),
        _ => 0,
    };

    private static nint Call(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        if (!Is64(mode)) return 0;
        operation->Segment = (ushort)(StateOffsets.Segments + ((int)SegmentName.SS * sizeof(SegmentRegister)));
        if (instruction.Op0Kind == OpKind.NearBranch64)
        {
            operation->Immediate = Target(in instruction, mode);
            return HandlerEntry.Of(StackHandlers.Call);
        }

        if (instruction.Code == Code.Call_rm64 && instruction.Op0Kind == OpKind.Memory)
        {
            // A fault of the push is one of the stack, though the record names the operand's segment: both are flat here.
            return Indirect(Address(in instruction, mode, operation), isCall: true);
        }

        return TryRegister(in instruction, 0, out operation->Source, out int size) && size == 8 ? HandlerEntry.Of(StackHandlers.CallRegister) : 0;
    }

    private static nint Return(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        operation->Segment = (ushort)(StateOffsets.Segments + ((int)SegmentName.SS * sizeof(SegmentRegister)));
        return Is64(mode) && instruction.Code == Code.Retnq ? HandlerEntry.Of(StackHandlers.Return) : 0;
    }
}
