using Emulator.Core.Execution;
using Emulator.Core.Segmentation;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 2, "IRET/IRETD/IRETQ—Interrupt Return".</summary>
internal static unsafe class InterruptReturn
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Iret>(Mnemonic.Iret, Ends.Block),
        InstructionRow.Of<Iret>(Mnemonic.Iretd, Ends.Block),
        InstructionRow.Of<Iret>(Mnemonic.Iretq, Ends.Block),
    ];

    private const Rflags Word = (Rflags)0xFFFF;

    private readonly ref struct Frame(ulong rip, ulong cs, ulong flags, ulong stack, int size)
    {
        public ulong Rip { get; } = rip;

        public ushort Cs { get; } = (ushort)cs;

        public Rflags Flags { get; } = (Rflags)flags;

        /// <summary>Stack pointer after the three popped values.</summary>
        public ulong Stack { get; } = stack;

        public int Size { get; } = size;
    }

    private readonly struct Iret : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            int size = instruction.Mnemonic switch { Mnemonic.Iret => 2, Mnemonic.Iretd => 4, _ => 8 };
            bool isVirtual8086 = (state->SystemFlags & Rflags.VM) != 0;
            if (isVirtual8086 && cpu.Iopl < 3) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
            if (cpu.HasDescriptors && (state->SystemFlags & Rflags.NT) != 0)
            {
                if (cpu.IsLongMode) return cpu.RaiseGeneralProtection(FaultCause.Privilege);
                return ReturnToTask(cpu, state);
            }

            if (!TryPop(cpu, state, size, out Frame frame)) return false;
            if (!cpu.HasDescriptors) return ReturnReal(cpu, state, in frame);
            if ((frame.Flags & Rflags.VM) != 0 && state->Cpl == 0 && size == 4 && !cpu.IsLongMode) return ReturnToVirtual8086(cpu, state, in frame);
            return ReturnProtected(cpu, state, in frame);
        }
    }

    private static bool TryPop(Processor cpu, ProcessorState* state, int size, out Frame frame)
    {
        frame = default;
        ulong mask = cpu.StackMaskNow;
        ulong stack = state->Gpr[4];
        if (!cpu.TryReadSized(SegmentName.SS, stack & mask, size, out ulong rip)) return false;
        if (!cpu.TryReadSized(SegmentName.SS, (stack + (ulong)size) & mask, size, out ulong cs)) return false;
        if (!cpu.TryReadSized(SegmentName.SS, (stack + (ulong)(2 * size)) & mask, size, out ulong flags)) return false;
        frame = new Frame(rip, cs, flags, (stack + (ulong)(3 * size)) & mask, size);
        return true;
    }

    /// <summary>NMIs are unblocked by every IRET that completes. SDM Vol. 3A, "Handling Multiple NMIs".</summary>
    private static void Unblock(ProcessorState* state) => state->Blocking &= ~InterruptBlocking.Nmi;

    private static bool ReturnReal(Processor cpu, ProcessorState* state, in Frame frame)
    {
        if (frame.Rip > state->Cs.Limit) return cpu.RaiseGeneralProtection(FaultCause.SegmentLimit);
        cpu.SetStackPointer(frame.Stack, cpu.StackMaskNow);
        cpu.LoadRealSegment(SegmentName.CS, frame.Cs);
        state->NextRip = frame.Rip;
        bool isVirtual8086 = (state->SystemFlags & Rflags.VM) != 0;
        Rflags writable = Rflags.Status | Rflags.TF | Rflags.IF | Rflags.DF | Rflags.NT;
        if (!isVirtual8086) writable |= Rflags.IOPL;
        if (frame.Size == 4) writable |= Rflags.RF | Rflags.AC | Rflags.ID;
        cpu.WriteFlags(frame.Flags, writable);
        Unblock(state);
        cpu.UpdateMode();
        return true;
    }

    private static bool ReturnProtected(Processor cpu, ProcessorState* state, in Frame frame)
    {
        if (!FarTransfers.TryCheckReturn(cpu, state, frame.Cs, out Descriptor code, out ulong address)) return false;
        int privilege = frame.Cs & 3;
        bool pops = privilege > state->Cpl || cpu.Is64Bit;
        ulong pointer = 0;
        ulong stackSelector = 0;
        ulong mask = cpu.StackMaskNow;
        if (pops)
        {
            if (!cpu.TryReadSized(SegmentName.SS, frame.Stack, frame.Size, out pointer)) return false;
            if (!cpu.TryReadSized(SegmentName.SS, (frame.Stack + (ulong)frame.Size) & mask, frame.Size, out stackSelector)) return false;
        }

        bool toLong = cpu.IsLongMode && code.IsLong;
        bool targetFits = toLong ? Processor.IsCanonical(frame.Rip) : (uint)frame.Rip <= code.Limit;
        if (!targetFits) return cpu.RaiseGeneralProtection(FaultCause.SegmentLimit);
        int oldPrivilege = state->Cpl;
        if (pops && !FarTransfers.TryLoadOuterStack(cpu, state, (ushort)stackSelector, privilege, in code)) return false;
        if (!cpu.TrySetAccessed(ref code, address)) return false;

        Rflags writable = Rflags.Status | Rflags.TF | Rflags.DF | Rflags.NT;
        if (frame.Size >= 4) writable |= Rflags.RF | Rflags.AC | Rflags.ID;
        if (oldPrivilege <= cpu.Iopl) writable |= Rflags.IF;
        if (oldPrivilege == 0)
        {
            writable |= Rflags.IOPL;
            if (frame.Size >= 4) writable |= Rflags.VIF | Rflags.VIP;
        }

        cpu.WriteFlags(frame.Flags, writable);
        state->Cs.Set(frame.Cs, code.Base, code.Limit, code.AccessRights);
        state->Cpl = privilege;
        state->NextRip = toLong ? frame.Rip : (uint)frame.Rip;
        Unblock(state);
        cpu.UpdateMode();
        if (pops) cpu.SetStackPointer(pointer, frame.Size == 8 ? ulong.MaxValue : cpu.StackMaskNow);
        else cpu.SetStackPointer(frame.Stack, mask);
        if (privilege > oldPrivilege) cpu.DropInnerSegments();
        return true;
    }

    private static bool ReturnToVirtual8086(Processor cpu, ProcessorState* state, in Frame frame)
    {
        ulong mask = cpu.StackMaskNow;
        Span<uint> values = stackalloc uint[6];
        for (int i = 0; i < 6; i++)
        {
            if (!cpu.TryReadSized(SegmentName.SS, (frame.Stack + (ulong)(4 * i)) & mask, 4, out ulong value)) return false;
            values[i] = (uint)value;
        }

        if (frame.Rip > 0xFFFF) return cpu.RaiseGeneralProtection(FaultCause.SegmentLimit);
        cpu.WriteFlags(frame.Flags, Rflags.All & ~Rflags.Fixed);
        state->Cpl = 3;
        state->Cs.Set(frame.Cs, (ulong)frame.Cs << 4, 0xFFFF, 0xF3);
        SetVirtual(ref state->Ss, values[1]);
        SetVirtual(ref state->Es, values[2]);
        SetVirtual(ref state->Ds, values[3]);
        SetVirtual(ref state->Fs, values[4]);
        SetVirtual(ref state->Gs, values[5]);
        state->Gpr[4] = values[0];
        state->NextRip = frame.Rip;
        Unblock(state);
        cpu.UpdateMode();
        return true;
    }

    private static void SetVirtual(ref SegmentRegister register, uint selector)
        => register.Set((ushort)selector, (ulong)(ushort)selector << 4, 0xFFFF, 0xF3);

    private static bool ReturnToTask(Processor cpu, ProcessorState* state)
    {
        if (!cpu.TryReadSystem((uint)state->Tr.Base, out ushort link)) return false;
        if (!cpu.TrySwitchTask(link, TaskSwitchSource.Iret, external: false, default)) return false;
        Unblock(state);
        return true;
    }
}
