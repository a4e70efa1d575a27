using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emulator.Firmware;

/// <summary>Offsets in the register page of a virtual processor: the contract between VmxVcpu and the trampoline.</summary>
public static class RegisterPage
{
#pragma warning disable CS1591 // Names say it; the layout is the table of the trampoline contract.
    public const int Gpr = 0x000;
    public const int HostStackTop = 0x080;
    public const int Cr2 = 0x088;
    public const int EntryFlags = 0x090;
    public const int Outcome = 0x094;
    public const int CarryFlag = 0x098;
    public const int ZeroFlag = 0x099;
    public const int Dr0 = 0x0A0;
    public const int Dr6 = 0x0C0;
    public const int Operand = 0x0D0;
    public const int ResultLow = 0x0E0;
    public const int ResultHigh = 0x0E8;
    public const int InstructionError = 0x0F0;
    public const int ExitBlock = 0x100;
    public const int TransferCount = 0x400;
    public const int TransferFailedIndex = 0x404;
    public const int TransferList = 0x410;
    public const int TransferEntryBytes = 16;
    public const int TransferCapacity = (0x1000 - TransferList) / TransferEntryBytes;
    public const uint FlagResume = 1;
    public const uint FlagLoadCr2 = 2;
    public const uint FlagLoadDebug = 4;
    public const uint FlagDirtyList = 8;
    public const uint OutcomeNone = 0;
    public const uint OutcomeExit = 1;
    public const uint OutcomeEntryFailed = 2;
    public const uint OutcomeListFailed = 3;
#pragma warning restore CS1591

    /// <summary>Encodings of the fields that the exit stub reads, in the order of the exit block.</summary>
    public static readonly IReadOnlyList<uint> ExitBlockFields =
        [0x4402, 0x6400, 0x440C, 0x681E, 0x6820, 0x681C, 0x4404, 0x4408, 0x4824];
}

/// <summary>Offsets in the mailbox page, where a fault in VMX root operation leaves its frame.</summary>
public static class Mailbox
{
#pragma warning disable CS1591
    public const int FaultFlag = 0x00;
    public const int Vector = 0x08;
    public const int ErrorCode = 0x10;
    public const int Rip = 0x18;
    public const int NmiFlag = 0x20;
    public const int Cr2 = 0x28;
#pragma warning restore CS1591
}

/// <summary>Code of one assembled trampoline, and where its routines begin (offsets from its base).</summary>
/// <param name="Code">Machine code, for 64-bit mode with an identity mapping.</param>
/// <param name="Entries">Offset of each routine.</param>
public sealed record TrampolineImage(byte[] Code, IReadOnlyDictionary<Stub, int> Entries)
{
    /// <summary>Offset of the gate stub of a vector.</summary>
    public required IReadOnlyList<int> Gates { get; init; }
}

/// <summary>Routines of the trampoline. Each ends with HLT; RDI is the register page.</summary>
public enum Stub
{
    /// <summary>VM entry: VMLAUNCH or VMRESUME by the entry flags.</summary>
    Enter,

    /// <summary>Where every VM exit arrives (host RIP).</summary>
    Exit,

    /// <summary>VMXON with the address at Operand.</summary>
    Vmxon,

    /// <summary>VMXOFF.</summary>
    Vmxoff,

    /// <summary>VMCLEAR of the address at Operand.</summary>
    Vmclear,

    /// <summary>VMPTRLD of the address at Operand.</summary>
    Vmptrld,

    /// <summary>VMPTRST to ResultLow.</summary>
    Vmptrst,

    /// <summary>VMREADs of the transfer list.</summary>
    ReadList,

    /// <summary>VMWRITEs of the transfer list.</summary>
    WriteList,

    /// <summary>INVEPT of type RCX with the descriptor at Operand.</summary>
    Invept,

    /// <summary>INVVPID of type RCX with the descriptor at Operand.</summary>
    Invvpid,

    /// <summary>RDMSR of ECX.</summary>
    Rdmsr,

    /// <summary>WRMSR of EDX:EAX to ECX.</summary>
    Wrmsr,

    /// <summary>XGETBV of ECX.</summary>
    Xgetbv,

    /// <summary>XSETBV of EDX:EAX to ECX.</summary>
    Xsetbv,

    /// <summary>CPUID of EAX and ECX; EBX and ECX of the answer go to ResultHigh, EAX and EDX to ResultLow.</summary>
    Cpuid,

    /// <summary>MOV CR4 from RAX.</summary>
    SetCr4,

    /// <summary>Reads CR0 to ResultLow and CR4 to ResultHigh.</summary>
    ReadControlRegisters,

    /// <summary>XSAVE of EDX:EAX to the area in RSI.</summary>
    Xsave,

    /// <summary>XRSTOR of EDX:EAX from the area in RSI.</summary>
    Xrstor,

    /// <summary>FXSAVE64 to the area in RSI.</summary>
    Fxsave,

    /// <summary>FXRSTOR64 from the area in RSI.</summary>
    Fxrstor,

    /// <summary>IRETQ to its own next instruction: ends the blocking by NMI after an exit caused by one.</summary>
    UnblockNmi,
}

/// <summary>Assembles the trampoline: what a hypervisor on silicon would have as its assembly file.</summary>
public static class TrampolinePage
{
    private const int GateCount = 256;
    private static readonly bool[] PushesErrorCode = ErrorCodeVectors();

    /// <summary>Assembles all routines for a base address.</summary>
    /// <param name="baseAddress">Physical (and linear) address of the first byte.</param>
    /// <param name="mailbox">Physical address of the mailbox page; below 2 GiB so that it is reached absolutely.</param>
    public static TrampolineImage Assemble(ulong baseAddress, ulong mailbox)
    {
        var a = new Assembler(64);
        var labels = new Dictionary<Stub, Label>();
        void Routine(Stub stub, Action body)
        {
            Label label = a.CreateLabel(stub.ToString());
            a.Label(ref label);
            labels[stub] = label;
            body();
        }

        Routine(Stub.Exit, () => EmitExit(a));
        Routine(Stub.Enter, () => EmitEnter(a));
        EmitSimple(a, Routine);
        Label[] gates = EmitGates(a, mailbox);

        using var stream = new MemoryStream();
        AssemblerResult result = a.Assemble(new StreamCodeWriter(stream), baseAddress, BlockEncoderOptions.ReturnNewInstructionOffsets);
        return new TrampolineImage(
            stream.ToArray(),
            labels.ToDictionary(pair => pair.Key, pair => (int)(result.GetLabelRIP(pair.Value) - baseAddress)))
        {
            Gates = [.. gates.Select(gate => (int)(result.GetLabelRIP(gate) - baseAddress))],
        };
    }

    private static void EmitEnter(Assembler a)
    {
        Label noCr2 = a.CreateLabel();
        Label noDebug = a.CreateLabel();
        Label noList = a.CreateLabel();
        Label next = a.CreateLabel();
        Label listFailed = a.CreateLabel();
        Label resume = a.CreateLabel();
        Label failed = a.CreateLabel();
        a.mov(ebx, __dword_ptr[rdi + RegisterPage.EntryFlags]);
        a.test(ebx, (int)RegisterPage.FlagLoadCr2);
        a.je(noCr2);
        a.mov(rax, __qword_ptr[rdi + RegisterPage.Cr2]);
        a.mov(cr2, rax);
        a.Label(ref noCr2);
        a.test(ebx, (int)RegisterPage.FlagLoadDebug);
        a.je(noDebug);
        EmitLoadDebug(a);
        a.Label(ref noDebug);
        a.test(ebx, (int)RegisterPage.FlagDirtyList);
        a.je(noList);
        a.xor(ecx, ecx);
        a.lea(rsi, __[rdi + RegisterPage.TransferList]);
        a.Label(ref next);
        a.cmp(ecx, __dword_ptr[rdi + RegisterPage.TransferCount]);
        a.jae(noList);
        a.mov(rax, __qword_ptr[rsi]);
        a.vmwrite(rax, __qword_ptr[rsi + 8]);
        a.jbe(listFailed);
        a.add(rsi, RegisterPage.TransferEntryBytes);
        a.inc(ecx);
        a.jmp(next);
        a.Label(ref listFailed);
        EmitListFailed(a);
        a.Label(ref noList);
        a.mov(rsp, rdi);
        a.test(ebx, (int)RegisterPage.FlagResume);
        a.jne(resume);
        EmitPops(a);
        a.vmlaunch();
        a.jmp(failed);
        a.Label(ref resume);
        EmitPops(a);
        a.vmresume();
        a.Label(ref failed);
        EmitEntryFailed(a);
    }

    private static void EmitLoadDebug(Assembler a)
    {
        AssemblerRegisterDR[] registers = [dr0, dr1, dr2, dr3];
        for (int i = 0; i < registers.Length; i++)
        {
            a.mov(rax, __qword_ptr[rdi + RegisterPage.Dr0 + (8 * i)]);
            a.mov(registers[i], rax);
        }

        a.mov(rax, __qword_ptr[rdi + RegisterPage.Dr6]);
        a.mov(dr6, rax);
    }

    private static void EmitListFailed(Assembler a)
    {
        a.setb(__byte_ptr[rdi + RegisterPage.CarryFlag]);
        a.sete(__byte_ptr[rdi + RegisterPage.ZeroFlag]);
        a.mov(__dword_ptr[rdi + RegisterPage.TransferFailedIndex], ecx);
        EmitInstructionError(a);
        a.mov(__dword_ptr[rdi + RegisterPage.Outcome], (int)RegisterPage.OutcomeListFailed);
        a.hlt();
    }

    /// <summary>The flags first: SETcc changes no flag and no register, and the registers are still the guest's.</summary>
    private static void EmitEntryFailed(Assembler a)
    {
        a.setb(__byte_ptr[rsp + (RegisterPage.CarryFlag - 0x80)]);
        a.sete(__byte_ptr[rsp + (RegisterPage.ZeroFlag - 0x80)]);
        EmitPushes(a);
        a.mov(rdi, rsp);
        a.mov(rsp, __qword_ptr[rdi + RegisterPage.HostStackTop]);
        EmitInstructionError(a);
        a.mov(__dword_ptr[rdi + RegisterPage.Outcome], (int)RegisterPage.OutcomeEntryFailed);
        a.hlt();
    }

    private static void EmitInstructionError(Assembler a)
    {
        Label noError = a.CreateLabel();
        a.cmp(__byte_ptr[rdi + RegisterPage.ZeroFlag], 0);
        a.je(noError);
        a.mov(eax, 0x4400);
        a.vmread(__qword_ptr[rdi + RegisterPage.InstructionError], rax);
        a.Label(ref noError);
        a.nop();
    }

    private static void EmitExit(Assembler a)
    {
        EmitPushes(a);
        a.mov(rdi, rsp);
        a.mov(rsp, __qword_ptr[rdi + RegisterPage.HostStackTop]);
        a.mov(rax, cr2);
        a.mov(__qword_ptr[rdi + RegisterPage.Cr2], rax);
        for (int i = 0; i < RegisterPage.ExitBlockFields.Count; i++)
        {
            a.mov(eax, RegisterPage.ExitBlockFields[i]);
            a.vmread(__qword_ptr[rdi + RegisterPage.ExitBlock + (8 * i)], rax);
        }

        a.mov(rax, __qword_ptr[rdi + RegisterPage.ExitBlock + (8 * 5)]);
        a.mov(__qword_ptr[rdi + (8 * 4)], rax);
        a.mov(__dword_ptr[rdi + RegisterPage.Outcome], (int)RegisterPage.OutcomeExit);
        a.hlt();
    }

    private static void EmitPops(Assembler a)
    {
        a.pop(rax);
        a.pop(rcx);
        a.pop(rdx);
        a.pop(rbx);
        a.lea(rsp, __[rsp + 8]);
        a.pop(rbp);
        a.pop(rsi);
        a.pop(rdi);
        foreach (AssemblerRegister64 register in UpperRegisters) a.pop(register);
    }

    private static void EmitPushes(Assembler a)
    {
        foreach (AssemblerRegister64 register in UpperRegisters.Reverse()) a.push(register);
        a.push(rdi);
        a.push(rsi);
        a.push(rbp);
        a.lea(rsp, __[rsp - 8]);
        a.push(rbx);
        a.push(rdx);
        a.push(rcx);
        a.push(rax);
    }

    private static IEnumerable<AssemblerRegister64> UpperRegisters => [r8, r9, r10, r11, r12, r13, r14, r15];

    private static void EmitSimple(Assembler a, Action<Stub, Action> routine)
    {
        void Vmx(Stub stub, Action instruction) => routine(stub, () =>
        {
            instruction();
            a.setb(__byte_ptr[rdi + RegisterPage.CarryFlag]);
            a.sete(__byte_ptr[rdi + RegisterPage.ZeroFlag]);
            EmitInstructionError(a);
            a.hlt();
        });
        void Plain(Stub stub, Action instruction) => routine(stub, () =>
        {
            instruction();
            a.hlt();
        });

        Vmx(Stub.Vmxon, () => a.vmxon(__qword_ptr[rdi + RegisterPage.Operand]));
        routine(Stub.Vmxoff, () =>
        {
            a.vmxoff();
            a.setb(__byte_ptr[rdi + RegisterPage.CarryFlag]);
            a.sete(__byte_ptr[rdi + RegisterPage.ZeroFlag]);
            a.hlt();
        });
        Vmx(Stub.Vmclear, () => a.vmclear(__qword_ptr[rdi + RegisterPage.Operand]));
        Vmx(Stub.Vmptrld, () => a.vmptrld(__qword_ptr[rdi + RegisterPage.Operand]));
        Vmx(Stub.Vmptrst, () => a.vmptrst(__qword_ptr[rdi + RegisterPage.ResultLow]));
        Vmx(Stub.Invept, () => a.invept(rcx, __xmmword_ptr[rdi + RegisterPage.Operand]));
        Vmx(Stub.Invvpid, () => a.invvpid(rcx, __xmmword_ptr[rdi + RegisterPage.Operand]));
        routine(Stub.ReadList, () => EmitList(a, () => a.vmread(__qword_ptr[rsi + 8], rax)));
        routine(Stub.WriteList, () => EmitList(a, () => a.vmwrite(rax, __qword_ptr[rsi + 8])));
        Plain(Stub.Rdmsr, () =>
        {
            a.rdmsr();
            EmitResult(a);
        });
        Plain(Stub.Wrmsr, a.wrmsr);
        Plain(Stub.Xgetbv, () =>
        {
            a.xgetbv();
            EmitResult(a);
        });
        Plain(Stub.Xsetbv, a.xsetbv);
        Plain(Stub.Cpuid, () =>
        {
            a.cpuid();
            EmitResult(a);
            a.mov(__dword_ptr[rdi + RegisterPage.ResultHigh], ebx);
            a.mov(__dword_ptr[rdi + RegisterPage.ResultHigh + 4], ecx);
        });
        Plain(Stub.SetCr4, () => a.mov(cr4, rax));
        Plain(Stub.ReadControlRegisters, () =>
        {
            a.mov(rax, cr0);
            a.mov(__qword_ptr[rdi + RegisterPage.ResultLow], rax);
            a.mov(rax, cr4);
            a.mov(__qword_ptr[rdi + RegisterPage.ResultHigh], rax);
        });
        Plain(Stub.Xsave, () => a.xsave64(__[rsi]));
        Plain(Stub.Xrstor, () => a.xrstor64(__[rsi]));
        Plain(Stub.Fxsave, () => a.fxsave64(__[rsi]));
        Plain(Stub.Fxrstor, () => a.fxrstor64(__[rsi]));
        Plain(Stub.UnblockNmi, () => EmitUnblockNmi(a));
    }

    private static void EmitUnblockNmi(Assembler a)
    {
        Label here = a.CreateLabel();
        a.mov(rax, rsp);
        a.push(0x10);
        a.push(rax);
        a.pushfq();
        a.push(0x08);
        a.lea(rcx, __[here]);
        a.push(rcx);
        a.iretq();
        a.Label(ref here);
        a.nop();
    }

    private static void EmitResult(Assembler a)
    {
        a.mov(__dword_ptr[rdi + RegisterPage.ResultLow], eax);
        a.mov(__dword_ptr[rdi + RegisterPage.ResultLow + 4], edx);
    }

    /// <summary>A loop over the transfer list that stops at the first VMfail and reports its index.</summary>
    private static void EmitList(Assembler a, Action instruction)
    {
        Label next = a.CreateLabel();
        Label done = a.CreateLabel();
        Label failed = a.CreateLabel();
        a.xor(ecx, ecx);
        a.lea(rsi, __[rdi + RegisterPage.TransferList]);
        a.Label(ref next);
        a.cmp(ecx, __dword_ptr[rdi + RegisterPage.TransferCount]);
        a.jae(done);
        a.mov(rax, __qword_ptr[rsi]);
        instruction();
        a.jbe(failed);
        a.add(rsi, RegisterPage.TransferEntryBytes);
        a.inc(ecx);
        a.jmp(next);
        a.Label(ref done);
        a.mov(__word_ptr[rdi + RegisterPage.CarryFlag], 0);
        a.hlt();
        a.Label(ref failed);
        EmitListFailed(a);
    }

    /// <summary>Each gate notes its vector and goes to the common part, which leaves the frame in the mailbox and stops.</summary>
    private static Label[] EmitGates(Assembler a, ulong mailbox)
    {
        Label common = a.CreateLabel();
        var gates = new Label[GateCount];
        for (int vector = 0; vector < GateCount; vector++)
        {
            gates[vector] = a.CreateLabel();
            a.Label(ref gates[vector]);
            if (vector == 2)
            {
                EmitNmiGate(a, mailbox);
                continue;
            }

            if (!PushesErrorCode[vector]) a.push(0);
            a.push(vector);
            a.jmp(common);
        }

        a.Label(ref common);
        a.push(rax);
        a.push(rbx);
        a.mov(rbx, mailbox);
        a.mov(rax, __qword_ptr[rsp + 16]);
        a.mov(__qword_ptr[rbx + Mailbox.Vector], rax);
        a.mov(rax, __qword_ptr[rsp + 24]);
        a.mov(__qword_ptr[rbx + Mailbox.ErrorCode], rax);
        a.mov(rax, __qword_ptr[rsp + 32]);
        a.mov(__qword_ptr[rbx + Mailbox.Rip], rax);
        a.mov(rax, cr2);
        a.mov(__qword_ptr[rbx + Mailbox.Cr2], rax);
        a.mov(__dword_ptr[rbx + Mailbox.FaultFlag], 1);
        a.hlt();
        return gates;
    }

    private static void EmitNmiGate(Assembler a, ulong mailbox)
    {
        a.push(rbx);
        a.mov(rbx, mailbox);
        a.mov(__dword_ptr[rbx + Mailbox.NmiFlag], 1);
        a.pop(rbx);
        a.iretq();
    }

    private static bool[] ErrorCodeVectors()
    {
        var vectors = new bool[GateCount];
        foreach (int vector in (int[])[8, 10, 11, 12, 13, 14, 17, 21]) vectors[vector] = true;
        return vectors;
    }
}
