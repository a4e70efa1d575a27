using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Conformance.Core.Sse;

/// <summary>Registers before and after one instruction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VectorRegisters
{
    public ulong Xmm0Low, Xmm0High, Xmm1Low, Xmm1High, Xmm2Low, Xmm2High;
    public ulong Mxcsr;
    public ulong HostMxcsr;
    public ulong Rax;
    public ulong Flags;
    public ulong Mm0, Mm1;
    public ulong Rdx, Rcx;
}

/// <summary>Runs one instruction on this machine's processor, on Linux x64: the judge of results and flags.</summary>
/// <remarks>SAFETY: the code page is private, holds only what is assembled here, and lives as long as the process.</remarks>
internal static unsafe partial class HostInstruction
{
    private const int PageBytes = 4096;

    public static bool IsAvailable => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    public static delegate* unmanaged<VectorRegisters*, void> Compile(Action<Assembler> instruction)
    {
        var a = new Assembler(64);
        a.stmxcsr(__[rdi + 56]);
        a.ldmxcsr(__[rdi + 48]);
        a.movups(xmm0, __[rdi]);
        a.movups(xmm1, __[rdi + 16]);
        a.movups(xmm2, __[rdi + 32]);
        a.mov(rax, __[rdi + 64]);
        a.mov(rdx, __[rdi + 96]);
        a.xor(ecx, ecx);
        a.movq(mm0, __[rdi + 80]);
        a.movq(mm1, __[rdi + 88]);
        instruction(a);
        a.pushfq();
        a.pop(__qword_ptr[rdi + 72]);
        a.mov(__[rdi + 64], rax);
        a.mov(__[rdi + 104], rcx);
        a.movups(__[rdi], xmm0);
        a.stmxcsr(__[rdi + 48]);
        a.movq(__[rdi + 80], mm0);
        a.emms();
        a.ldmxcsr(__[rdi + 56]);
        a.ret();
        using var stream = new MemoryStream();
        a.Assemble(new StreamCodeWriter(stream), 0);
        byte* page = (byte*)Map(0, PageBytes, 7, 0x22, -1, 0);
        stream.ToArray().CopyTo(new Span<byte>(page, PageBytes));
        return (delegate* unmanaged<VectorRegisters*, void>)page;
    }

    public static Instruction Decode(Action<Assembler> instruction)
    {
        var a = new Assembler(64);
        instruction(a);
        using var stream = new MemoryStream();
        a.Assemble(new StreamCodeWriter(stream), 0);
        return Iced.Intel.Decoder.Create(64, new ByteArrayCodeReader(stream.ToArray())).Decode();
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);
}
