using System.Diagnostics;
using Emulator.Core.Bus;
using Emulator.Core.Execution;
using Emulator.Core.Time;

namespace Emulator.Benchmarks;

internal static unsafe class Program
{
    private static readonly string[] Kernels = ["sieve", "crc32", "quicksort", "sha256", "fnv"];

    private static int Main()
    {
        byte[] image = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "kernels", "kernels.bin"));
        double product = 1;
        for (int k = 0; k < Kernels.Length; k++)
        {
            double best = 0;
            for (int round = 0; round < 3; round++) best = Math.Max(best, RunKernel(image, k));
            product *= best;
        }

        Console.WriteLine($"geometric mean {Math.Pow(product, 1.0 / Kernels.Length),8:F1} M/s");
        return 0;
    }

    private static double RunKernel(byte[] image, int kernel)
    {
        using var memory = new PhysicalMemory(64 << 20);
        using var cpu = new Processor(memory, new NoPorts(), new VirtualClock());
        memory.TryCopyIn(0x10_0000, image);
        memory.TryCopyIn(0x1000, BitConverter.GetBytes(0x2003UL));
        memory.TryCopyIn(0x2000, BitConverter.GetBytes(0x83UL));
        ProcessorState* s = cpu.State;
        s->Cr3 = 0x1000;
        s->Cr4 = ControlRegisters.Cr4PAE;
        s->Cr0 = ControlRegisters.Cr0PE | ControlRegisters.Cr0PG;
        s->Efer = ControlRegisters.EferLMA | ControlRegisters.EferLME;
        s->Cs.Set(0x10, 0, uint.MaxValue, 0xA09B);
        s->Ss.Set(0x18, 0, uint.MaxValue, 0xC093);
        s->SystemFlags = Rflags.Fixed;
        s->Rip = 0x10_0000;
        s->Gpr[4] = 0x30_0000;
        s->Gpr[3] = (ulong)kernel;
        cpu.UpdateMode();
        long start = Stopwatch.GetTimestamp();
        cpu.Run(1_000_000_000_000);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        double rate = cpu.RetiredInstructions / seconds / 1e6;
        Console.WriteLine($"{Kernels[kernel],-10} {cpu.RetiredInstructions,12} instructions {seconds,8:F3} s {rate,8:F1} M/s  rax={s->Gpr[0]:x}");
        return rate;
    }

    private sealed class NoPorts : IPortSpace
    {
        public uint Read(ushort port, int size) => uint.MaxValue;

        public void Write(ushort port, int size, uint value)
        {
        }
    }
}
