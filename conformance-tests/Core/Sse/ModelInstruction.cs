using Emulator.Core.Bus;
using Emulator.Core.Execution;
using Emulator.Core.Instructions;
using Emulator.Core.Time;
using Iced.Intel;

namespace Conformance.Core.Sse;

/// <summary>Runs one instruction between registers on the model.</summary>
internal sealed unsafe class ModelInstruction : IDisposable
{
    private readonly PhysicalMemory _memory = NewMemory();
    private readonly Processor _cpu;

    public ModelInstruction()
    {
        _cpu = new Processor(_memory, new NoPorts(), new VirtualClock());
        _cpu.State->Cr0 = ControlRegisters.Cr0PE;
        _cpu.State->Cr4 = ControlRegisters.Cr4OSFXSR;
        _cpu.State->Mode = ExecutionMode.Protected | ExecutionMode.LongMode | ExecutionMode.Code64;
        for (SegmentName name = SegmentName.ES; name <= SegmentName.GS; name++)
        {
            ProcessorState.Segment(_cpu.State, name)->Set(0, 0, uint.MaxValue, 0xC093);
        }
    }

    public ProcessorState* State => _cpu.State;

    public PhysicalMemory Memory => _memory;

    /// <summary>Executes with the state as it stands.</summary>
    /// <returns>The pending exception's vector, or null.</returns>
    public int? Run(Action<Assembler> emit)
    {
        Instruction instruction = HostInstruction.Decode(emit);
        Execute(in instruction);
        return State->Pending.Kind == PendingKind.None ? null : State->Pending.Vector;
    }

    public bool Run(in Instruction instruction, ref VectorRegisters registers)
    {
        ProcessorState* state = _cpu.State;
        state->Vectors[0] = registers.Xmm0Low;
        state->Vectors[1] = registers.Xmm0High;
        state->Vectors[8] = registers.Xmm1Low;
        state->Vectors[9] = registers.Xmm1High;
        state->Vectors[16] = registers.Xmm2Low;
        state->Vectors[17] = registers.Xmm2High;
        state->X87[0] = registers.Mm0;
        state->X87[2] = registers.Mm1;
        state->Mxcsr = (uint)registers.Mxcsr;
        state->Gpr[0] = registers.Rax;
        state->Gpr[2] = registers.Rdx;
        state->Gpr[1] = 0;
        Execute(in instruction);
        registers.Xmm0Low = state->Vectors[0];
        registers.Xmm0High = state->Vectors[1];
        registers.Mxcsr = state->Mxcsr;
        registers.Rax = state->Gpr[0];
        registers.Rcx = state->Gpr[1];
        registers.Flags = (ulong)(uint)state->Flags.ToRflags();
        registers.Mm0 = state->X87[0];
        return state->Pending.Kind == PendingKind.None;
    }

    public void Dispose()
    {
        _cpu.Dispose();
        _memory.Dispose();
    }

    private void Execute(in Instruction instruction)
    {
        Operation* operations = stackalloc Operation[2];
        Instruction copy = instruction;
        InstructionRow row = InstructionTable.Find(in copy) ?? throw new InvalidOperationException($"no row for {copy.Code}");
        operations[0] = new Operation { Handler = row.Handler, Displacement = (long)&copy };
        operations[1] = new Operation { Handler = &Stop };
        State->Pending = default;
        row.Handler(State, operations, 1);
    }

    private static long Stop(ProcessorState* state, Operation* operation, long budget) => budget;

    private static PhysicalMemory NewMemory() => new(1 << 20);

    private sealed class NoPorts : IPortSpace
    {
        public uint Read(ushort port, int size) => uint.MaxValue;

        public void Write(ushort port, int size, uint value)
        {
        }
    }
}
