using Emulator.Core.Execution;
using Iced.Intel;

namespace Emulator.Core.Instructions;

/// <summary>SYSCALL, SYSRET, SYSENTER, SYSEXIT. SDM Vol. 3A, "Fast System Calls in 64-Bit Mode", "Performing Fast Calls to System Procedures".</summary>
internal static unsafe class FastCalls
{
    /// <summary>Rows of this family.</summary>
    public static readonly InstructionRow[] Rows =
    [
        InstructionRow.Of<Syscall>(Mnemonic.Syscall, Ends.Block),
        InstructionRow.Of<Sysret>(Mnemonic.Sysret, Ends.Block),
        InstructionRow.Of<Sysret>(Mnemonic.Sysretq, Ends.Block),
        InstructionRow.Of<Sysenter>(Mnemonic.Sysenter, Ends.Block),
        InstructionRow.Of<Sysexit>(Mnemonic.Sysexit, Ends.Block),
        InstructionRow.Of<Sysexit>(Mnemonic.Sysexitq, Ends.Block),
    ];

    private const uint Code64 = 0xA09B;
    private const uint Code32 = 0xC09B;
    private const uint Data32 = 0xC093;
    private const uint UserBits = 0x60;

    private static void SetCode(ProcessorState* state, ulong selector, uint rights) => state->Cs.Set((ushort)selector, 0, uint.MaxValue, rights);

    private static void SetStack(ProcessorState* state, ulong selector, uint rights) => state->Ss.Set((ushort)selector, 0, uint.MaxValue, rights);

    private readonly struct Syscall : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            // Intel: SYSCALL exists in 64-bit mode only.
            if (!cpu.Is64Bit || (state->Efer & ControlRegisters.EferSCE) == 0) return cpu.RaiseInvalidOpcode(FaultCause.UnitDisabled);
            state->Gpr[1] = state->NextRip;
            state->Gpr[11] = (ulong)(state->Rflags & ~Rflags.RF);
            cpu.WriteFlags(state->Rflags & ~(Rflags)state->Fmask, Rflags.All & ~Rflags.Fixed);
            ulong selector = (state->Star >> 32) & 0xFFFC;
            SetCode(state, selector, Code64);
            SetStack(state, selector + 8, Data32);
            state->Cpl = 0;
            state->NextRip = state->Lstar;
            cpu.UpdateMode();
            return true;
        }
    }

    private readonly struct Sysret : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if (!cpu.Is64Bit || (state->Efer & ControlRegisters.EferSCE) == 0) return cpu.RaiseInvalidOpcode(FaultCause.UnitDisabled);
            if (!cpu.RequireSupervisor()) return false;
            bool to64 = instruction.Mnemonic == Mnemonic.Sysretq;
            if (to64 && !Processor.IsCanonical(state->Gpr[1])) return cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
            cpu.WriteFlags((Rflags)state->Gpr[11] & ~(Rflags.RF | Rflags.VM), Rflags.All & ~Rflags.Fixed);
            ulong selector = state->Star >> 48;
            SetCode(state, (selector + (to64 ? 16u : 0u)) | 3, (to64 ? Code64 : Code32) | UserBits);
            SetStack(state, (selector + 8) | 3, Data32 | UserBits);
            state->Cpl = 3;
            state->NextRip = to64 ? state->Gpr[1] : (uint)state->Gpr[1];
            cpu.UpdateMode();
            return true;
        }
    }

    private readonly struct Sysenter : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            if ((state->Mode & ExecutionMode.Protected) == 0 || (state->SysenterCs & 0xFFFC) == 0) return cpu.RaiseGeneralProtection(FaultCause.Msr);
            state->SystemFlags &= ~(Rflags.VM | Rflags.IF);
            ulong selector = state->SysenterCs & 0xFFFC;
            bool isLong = cpu.IsLongMode;
            SetCode(state, selector, isLong ? Code64 : Code32);
            SetStack(state, selector + 8, Data32);
            state->Cpl = 0;
            state->Gpr[4] = isLong ? state->SysenterEsp : (uint)state->SysenterEsp;
            state->NextRip = isLong ? state->SysenterEip : (uint)state->SysenterEip;
            cpu.UpdateMode();
            return true;
        }
    }

    private readonly struct Sysexit : IInstruction
    {
        public static bool Execute(Processor cpu, ProcessorState* state, in Instruction instruction)
        {
            bool isProtected = (state->Mode & (ExecutionMode.Protected | ExecutionMode.Virtual8086)) == ExecutionMode.Protected;
            if (!isProtected || (state->SysenterCs & 0xFFFC) == 0 || state->Cpl != 0) return cpu.RaiseGeneralProtection(FaultCause.Msr);
            bool to64 = instruction.Mnemonic == Mnemonic.Sysexitq;
            bool canonical = Processor.IsCanonical(state->Gpr[1]) && Processor.IsCanonical(state->Gpr[2]);
            if (to64 && !canonical) return cpu.RaiseGeneralProtection(FaultCause.NonCanonicalAddress);
            ulong selector = state->SysenterCs & 0xFFFC;
            SetCode(state, (selector + (to64 ? 32u : 16u)) | 3, (to64 ? Code64 : Code32) | UserBits);
            SetStack(state, (selector + (to64 ? 40u : 24u)) | 3, Data32 | UserBits);
            state->Cpl = 3;
            state->Gpr[4] = to64 ? state->Gpr[1] : (uint)state->Gpr[1];
            state->NextRip = to64 ? state->Gpr[2] : (uint)state->Gpr[2];
            cpu.UpdateMode();
            return true;
        }
    }
}
