using Emulator.Core.Execution;
using Emulator.Core.Interpretation;
using Iced.Intel;

namespace Emulator.Core.Decoding;

internal static unsafe partial class HandlerChoice
{
    private static nint Move(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        Shape shape = ShapeOf(in instruction, mode, operation, out int size, out Form form);
        if (shape == Shape.None) return 0;
        return size switch
        {
            1 => Move<byte>(shape, form),
            2 => Move<ushort>(shape, form),
            4 => Move<uint>(shape, form),
            _ => Move<ulong>(shape, form),
        };
    }

    private static nint Move<T>(Shape shape, Form form)
        where T : unmanaged
        => form switch
        {
            Form.None when shape == Shape.RegisterRegister => HandlerEntry.Of(MoveHandlers<T>.RegisterRegister),
            Form.None => HandlerEntry.Of(MoveHandlers<T>.RegisterImmediate),
            Form.Base => MoveMemory<T, BaseForm>(shape),
            Form.Indexed => MoveMemory<T, IndexedForm>(shape),
            Form.FsGs => MoveMemory<T, FsGsForm>(shape),
            Form.Legacy32 => MoveMemory<T, Legacy32Form>(shape),
            _ => MoveMemory<T, Legacy16Form>(shape),
        };

    private static nint MoveMemory<T, TForm>(Shape shape)
        where T : unmanaged
        where TForm : struct, IAddressForm
        => shape switch
        {
            Shape.RegisterMemory => HandlerEntry.Of(MoveMemoryHandlers<T, TForm>.RegisterMemory),
            Shape.MemoryRegister => HandlerEntry.Of(MoveMemoryHandlers<T, TForm>.MemoryRegister),
            _ => HandlerEntry.Of(MoveMemoryHandlers<T, TForm>.MemoryImmediate),
        };

    private static nint LoadEffectiveAddress(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        if (!TryRegister(in instruction, 0, out operation->Destination, out int size)) return 0;
        Form form = Address(in instruction, mode, operation);
        return (form, size) switch
        {
            (Form.Base, 4) => HandlerEntry.Of(MoveMemoryHandlers<uint, BaseForm>.EffectiveAddress),
            (Form.Base, 8) => HandlerEntry.Of(MoveMemoryHandlers<ulong, BaseForm>.EffectiveAddress),
            (Form.Indexed or Form.FsGs, 4) => HandlerEntry.Of(MoveMemoryHandlers<uint, IndexedForm>.EffectiveAddress),
            (Form.Indexed or Form.FsGs, 8) => HandlerEntry.Of(MoveMemoryHandlers<ulong, IndexedForm>.EffectiveAddress),
            (Form.Base or Form.Indexed or Form.FsGs, 2) => HandlerEntry.Of(MoveMemoryHandlers<ushort, IndexedForm>.EffectiveAddress),
            (Form.Legacy32, 2) => HandlerEntry.Of(MoveMemoryHandlers<ushort, Legacy32Form>.EffectiveAddress),
            (Form.Legacy32, 4) => HandlerEntry.Of(MoveMemoryHandlers<uint, Legacy32Form>.EffectiveAddress),
            (Form.Legacy16, 2) => HandlerEntry.Of(MoveMemoryHandlers<ushort, Legacy16Form>.EffectiveAddress),
            (Form.Legacy16, 4) => HandlerEntry.Of(MoveMemoryHandlers<uint, Legacy16Form>.EffectiveAddress),
            _ => 0,
        };
    }

    private static nint Extend<TSign>(in Instruction instruction, ExecutionMode mode, Operation* operation)
        where TSign : struct, IFlagUse
    {
        if (!TryRegister(in instruction, 0, out operation->Destination, out int size)) return 0;
        Form form = Form.None;
        if (!TryRegister(in instruction, 1, out operation->Source, out int sourceSize))
        {
            sourceSize = instruction.MemorySize.GetSize();
            form = Address(in instruction, mode, operation);
            if (form == Form.None) return 0;
        }

        return (size, sourceSize) switch
        {
            (2, 1) => Extend<ushort, byte, TSign>(form),
            (4, 1) => Extend<uint, byte, TSign>(form),
            (8, 1) => Extend<ulong, byte, TSign>(form),
            (2, 2) => Extend<ushort, ushort, TSign>(form),
            (4, 2) => Extend<uint, ushort, TSign>(form),
            (8, 2) => Extend<ulong, ushort, TSign>(form),
            (4, 4) => Extend<uint, uint, TSign>(form),
            (8, 4) => Extend<ulong, uint, TSign>(form),
            _ => 0,
        };
    }

    private static nint Extend<T, TSource, TSign>(Form form)
        where T : unmanaged
        where TSource : unmanaged
        where TSign : struct, IFlagUse
        => form switch
        {
            Form.None => HandlerEntry.Of(ExtendHandlers<T, TSource, TSign>.RegisterRegister),
            Form.Base => HandlerEntry.Of(ExtendMemoryHandlers<T, TSource, TSign, BaseForm>.RegisterMemory),
            Form.Indexed => HandlerEntry.Of(ExtendMemoryHandlers<T, TSource, TSign, IndexedForm>.RegisterMemory),
            Form.FsGs => HandlerEntry.Of(ExtendMemoryHandlers<T, TSource, TSign, FsGsForm>.RegisterMemory),
            Form.Legacy32 => HandlerEntry.Of(ExtendMemoryHandlers<T, TSource, TSign, Legacy32Form>.RegisterMemory),
            _ => HandlerEntry.Of(ExtendMemoryHandlers<T, TSource, TSign, Legacy16Form>.RegisterMemory),
        };

    private static nint Push(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        if (!Is64(mode) || instruction.StackPointerIncrement != -8) return 0;
        operation->Segment = (ushort)(StateOffsets.Segments + ((int)SegmentName.SS * sizeof(SegmentRegister)));
        if (TryRegister(in instruction, 0, out operation->Source, out int size)) return size == 8 ? HandlerEntry.Of(StackHandlers.PushRegister) : 0;
        if (!IsImmediate(in instruction, 0)) return 0;
        operation->Immediate = (long)instruction.GetImmediate(0);
        return HandlerEntry.Of(StackHandlers.PushImmediate);
    }

    private static nint Pop(in Instruction instruction, ExecutionMode mode, Operation* operation)
    {
        if (!Is64(mode) || instruction.StackPointerIncrement != 8) return 0;
        operation->Segment = (ushort)(StateOffsets.Segments + ((int)SegmentName.SS * sizeof(SegmentRegister)));
        return TryRegister(in instruction, 0, out operation->Destination, out int size) && size == 8 ? HandlerEntry.Of(StackHandlers.PopRegister) : 0;
    }
}
