using System.Numerics;
using Emulator.Core.Execution;
using Emulator.Core.Interpretation;
using Iced.Intel;

namespace Emulator.Core.Decoding;

internal static unsafe partial class HandlerChoice
{
    /// <summary>Where the operands of a two-operand operation are.</summary>
    private enum Shape
    {
        None,
        RegisterRegister,
        RegisterImmediate,
        RegisterMemory,
        MemoryRegister,
        MemoryImmediate,
        RegisterRegisterImmediate,
        RegisterMemoryImmediate,
    }

    private static Shape ShapeOf(in Instruction instruction, ExecutionMode mode, Operation* operation, out int size, out Form form)
    {
        form = Form.None;
        bool isRegister = TryRegister(in instruction, 0, out operation->Destination, out size);
        if (IsImmediate(in instruction, 1)) operation->Immediate = (long)instruction.GetImmediate(1);
        if (isRegister)
        {
            if (TryRegister(in instruction, 1, out operation->Source, out _)) return Shape.RegisterRegister;
            if (IsImmediate(in instruction, 1)) return Shape.RegisterImmediate;
            if (instruction.GetOpKind(1) != OpKind.Memory) return Shape.None;
            form = Address(in instruction, mode, operation);
            return form == Form.None ? Shape.None : Shape.RegisterMemory;
        }

        if (instruction.GetOpKind(0) != OpKind.Memory) return Shape.None;
        size = instruction.MemorySize.GetSize();
        form = Address(in instruction, mode, operation);
        if (form == Form.None) return Shape.None;
        if (TryRegister(in instruction, 1, out operation->Source, out _)) return Shape.MemoryRegister;
        return IsImmediate(in instruction, 1) ? Shape.MemoryImmediate : Shape.None;
    }

    private static nint Binary<TOperation>(in Instruction instruction, ExecutionMode mode, bool dead, Operation* operation)
        where TOperation : struct, IBinaryOperation
    {
        Shape shape = ShapeOf(in instruction, mode, operation, out int size, out Form form);
        if (shape == Shape.None) return 0;
        return size switch
        {
            1 => Binary<TOperation, byte>(shape, form, dead),
            2 => Binary<TOperation, ushort>(shape, form, dead),
            4 => Binary<TOperation, uint>(shape, form, dead),
            _ => Binary<TOperation, ulong>(shape, form, dead),
        };
    }

    private static nint Binary<TOperation, T>(Shape shape, Form form, bool dead)
        where TOperation : struct, IBinaryOperation
        where T : unmanaged, IBinaryInteger<T>
    {
        if (form != Form.None)
        {
            return form switch
            {
                Form.Base => BinaryMemory<TOperation, T, BaseForm>(shape),
                Form.Indexed => BinaryMemory<TOperation, T, IndexedForm>(shape),
                Form.FsGs => BinaryMemory<TOperation, T, FsGsForm>(shape),
                Form.Legacy32 => BinaryMemory<TOperation, T, Legacy32Form>(shape),
                _ => BinaryMemory<TOperation, T, Legacy16Form>(shape),
            };
        }

        return dead ? BinaryRegister<TOperation, T, FlagsDead>(shape) : BinaryRegister<TOperation, T, FlagsLive>(shape);
    }

    private static nint BinaryRegister<TOperation, T, TFlags>(Shape shape)
        where TOperation : struct, IBinaryOperation
        where T : unmanaged, IBinaryInteger<T>
        where TFlags : struct, IFlagUse
        => shape switch
        {
            Shape.RegisterRegister => HandlerEntry.Of(BinaryHandlers<TOperation, T, TFlags>.RegisterRegister),
            Shape.RegisterImmediate => HandlerEntry.Of(BinaryHandlers<TOperation, T, TFlags>.RegisterImmediate),
            _ => HandlerEntry.Of(BinaryHandlers<TOperation, T, TFlags>.RegisterRegisterImmediate),
        };

    private static nint BinaryMemory<TOperation, T, TForm>(Shape shape)
        where TOperation : struct, IBinaryOperation
        where T : unmanaged, IBinaryInteger<T>
        where TForm : struct, IAddressForm
        => shape switch
        {
            Shape.RegisterMemory => HandlerEntry.Of(BinaryMemoryHandlers<TOperation, T, TForm>.RegisterMemory),
            Shape.MemoryRegister => HandlerEntry.Of(BinaryMemoryHandlers<TOperation, T, TForm>.MemoryRegister),
            Shape.MemoryImmediate => HandlerEntry.Of(BinaryMemoryHandlers<TOperation, T, TForm>.MemoryImmediate),
            _ => HandlerEntry.Of(BinaryMemoryHandlers<TOperation, T, TForm>.RegisterMemoryImmediate),
        };

    /// <summary>IMUL with two or three operands; the one-operand form is complex.</summary>
    private static nint Multiply(in Instruction instruction, ExecutionMode mode, bool dead, Operation* operation)
    {
        if (instruction.OpCount == 2) return Binary<ImulOperation>(in instruction, mode, dead, operation);
        if (instruction.OpCount != 3 || !TryRegister(in instruction, 0, out operation->Destination, out int size)) return 0;
        operation->Immediate = (long)instruction.GetImmediate(2);
        Form form = Form.None;
        Shape shape = Shape.RegisterRegisterImmediate;
        if (!TryRegister(in instruction, 1, out operation->Source, out _))
        {
            shape = Shape.RegisterMemoryImmediate;
            form = Address(in instruction, mode, operation);
            if (form == Form.None) return 0;
        }

        return size switch
        {
            2 => Binary<ImulOperation, ushort>(shape, form, dead),
            4 => Binary<ImulOperation, uint>(shape, form, dead),
            _ => Binary<ImulOperation, ulong>(shape, form, dead),
        };
    }

    private static nint Unary<TOperation>(in Instruction instruction, ExecutionMode mode, bool dead, Operation* operation)
        where TOperation : struct, IUnaryOperation
    {
        Form form = Form.None;
        if (!TryRegister(in instruction, 0, out operation->Destination, out int size))
        {
            size = instruction.MemorySize.GetSize();
            form = Address(in instruction, mode, operation);
            if (form == Form.None) return 0;
        }

        return size switch
        {
            1 => Unary<TOperation, byte>(form, dead),
            2 => Unary<TOperation, ushort>(form, dead),
            4 => Unary<TOperation, uint>(form, dead),
            _ => Unary<TOperation, ulong>(form, dead),
        };
    }

    private static nint Unary<TOperation, T>(Form form, bool dead)
        where TOperation : struct, IUnaryOperation
        where T : unmanaged, IBinaryInteger<T>
        => form switch
        {
            Form.None when dead => HandlerEntry.Of(UnaryHandlers<TOperation, T, FlagsDead>.Register),
            Form.None => HandlerEntry.Of(UnaryHandlers<TOperation, T, FlagsLive>.Register),
            Form.Base => HandlerEntry.Of(UnaryMemoryHandlers<TOperation, T, BaseForm>.Memory),
            Form.Indexed => HandlerEntry.Of(UnaryMemoryHandlers<TOperation, T, IndexedForm>.Memory),
            Form.FsGs => HandlerEntry.Of(UnaryMemoryHandlers<TOperation, T, FsGsForm>.Memory),
            Form.Legacy32 => HandlerEntry.Of(UnaryMemoryHandlers<TOperation, T, Legacy32Form>.Memory),
            _ => HandlerEntry.Of(UnaryMemoryHandlers<TOperation, T, Legacy16Form>.Memory),
        };

    private static nint Shift<TOperation>(in Instruction instruction, ExecutionMode mode, bool dead, Operation* operation)
        where TOperation : struct, IShiftOperation
    {
        bool byCl = instruction.GetOpKind(1) == OpKind.Register;
        operation->Immediate = byCl ? 0 : (long)instruction.GetImmediate(1);
        Form form = Form.None;
        if (!TryRegister(in instruction, 0, out operation->Destination, out int size))
        {
            if (byCl) return 0;
            size = instruction.MemorySize.GetSize();
            form = Address(in instruction, mode, operation);
            if (form == Form.None) return 0;
        }

        return size switch
        {
            1 => Shift<TOperation, byte>(form, byCl, dead),
            2 => Shift<TOperation, ushort>(form, byCl, dead),
            4 => Shift<TOperation, uint>(form, byCl, dead),
            _ => Shift<TOperation, ulong>(form, byCl, dead),
        };
    }

    private static nint Shift<TOperation, T>(Form form, bool byCl, bool dead)
        where TOperation : struct, IShiftOperation
        where T : unmanaged, IBinaryInteger<T>
        => form switch
        {
            Form.None when byCl && dead => HandlerEntry.Of(ShiftHandlers<TOperation, T, FlagsDead>.RegisterCl),
            Form.None when byCl => HandlerEntry.Of(ShiftHandlers<TOperation, T, FlagsLive>.RegisterCl),
            Form.None when dead => HandlerEntry.Of(ShiftHandlers<TOperation, T, FlagsDead>.RegisterImmediate),
            Form.None => HandlerEntry.Of(ShiftHandlers<TOperation, T, FlagsLive>.RegisterImmediate),
            Form.Base => HandlerEntry.Of(ShiftMemoryHandlers<TOperation, T, BaseForm>.MemoryImmediate),
            Form.Indexed => HandlerEntry.Of(ShiftMemoryHandlers<TOperation, T, IndexedForm>.MemoryImmediate),
            Form.FsGs => HandlerEntry.Of(ShiftMemoryHandlers<TOperation, T, FsGsForm>.MemoryImmediate),
            Form.Legacy32 => HandlerEntry.Of(ShiftMemoryHandlers<TOperation, T, Legacy32Form>.MemoryImmediate),
            _ => HandlerEntry.Of(ShiftMemoryHandlers<TOperation, T, Legacy16Form>.MemoryImmediate),
        };
}
