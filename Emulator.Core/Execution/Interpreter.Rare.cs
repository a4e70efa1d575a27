using System.Runtime.CompilerServices;
using Iced.Intel;

namespace Emulator.Core.Execution;

internal static unsafe partial class Interpreter
{
    /// <summary>#UD: no such instruction, not in this mode, or none of this model. SDM Vol. 3A, "Invalid Opcode Exception (#UD)".</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long Undefined(ProcessorState* state, Operation* operation, long budget)
    {
        Prepare(state, operation, budget);
        Processor cpu = Processor.Of(state);
        ref readonly Instruction instruction = ref *(Instruction*)operation->Displacement;
        bool tooLong = instruction.Code == Code.INVALID && instruction.Length >= 15;

        // SDM "Invalid Opcode Exception": an instruction of more than 15 bytes is a general-protection fault instead.
        if (tooLong) cpu.RaiseGeneralProtection(FaultCause.InstructionTooLong);
        else cpu.RaiseInvalidOpcode(instruction.Code == Code.INVALID ? FaultCause.UndefinedOpcode : FaultCause.NotImplemented);
        return Abandon(operation, budget);
    }

    /// <summary>Asks the extension before each execution of an instruction that may cause a VM exit.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | Hot)]
    internal static long Intercepted(ProcessorState* state, Operation* operation, long budget)
    {
        Prepare(state, operation, budget);
        ProcessorExtension extension = Processor.Of(state).Extension!;
        if (extension.TryIntercept(state, in *(Instruction*)operation->Displacement))
        {
            state->LeaveRequested = true;
            return Abandon(operation, budget);
        }

        var handler = (delegate*<ProcessorState*, Operation*, long, long>)operation->Immediate;
        return handler(state, operation, budget);
    }
}
