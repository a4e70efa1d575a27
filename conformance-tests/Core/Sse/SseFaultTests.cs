using Emulator.Core.Execution;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Conformance.Core.Sse;

/// <summary>Faults, memory operands and the state images of MMX and SSE.</summary>
public sealed unsafe class SseFaultTests : IDisposable
{
    private const int Rdi = 7;
    private const ulong Area = 0x2000;

    private readonly ModelInstruction _model = new();

    public SseFaultTests() => _model.State->Gpr[Rdi] = Area;

    public void Dispose() => _model.Dispose();

    [Fact]
    public void Unaligned_operand_is_general_protection_except_for_movups()
    {
        _model.State->Gpr[Rdi] = Area + 8;
        Assert.Equal(ExceptionVector.GeneralProtection, _model.Run(a => a.movaps(xmm0, __[rdi])));
        Assert.Equal(ExceptionVector.GeneralProtection, _model.Run(a => a.movaps(__[rdi], xmm0)));
        Assert.Equal(ExceptionVector.GeneralProtection, _model.Run(a => a.paddb(xmm0, __[rdi])));
        Assert.Null(_model.Run(a => a.movups(xmm0, __[rdi])));
        Assert.Null(_model.Run(a => a.movdqu(__[rdi], xmm0)));
        Assert.Null(_model.Run(a => a.addsd(xmm0, __[rdi])));
        Assert.Null(_model.Run(a => a.cvtps2pd(xmm0, __[rdi])));
    }

    [Fact]
    public void Disabled_unit_is_undefined_opcode_or_device_not_available()
    {
        _model.State->Cr4 = 0;
        Assert.Equal(ExceptionVector.InvalidOpcode, _model.Run(a => a.addps(xmm0, xmm1)));
        Assert.Null(_model.Run(a => a.paddb(mm0, mm1)));
        _model.State->Cr4 = ControlRegisters.Cr4OSFXSR;
        _model.State->Cr0 |= ControlRegisters.Cr0TS;
        Assert.Equal(ExceptionVector.DeviceNotAvailable, _model.Run(a => a.addps(xmm0, xmm1)));
        Assert.Equal(ExceptionVector.DeviceNotAvailable, _model.Run(a => a.paddb(mm0, mm1)));
        Assert.Equal(ExceptionVector.DeviceNotAvailable, _model.Run(a => a.fxsave(__[rdi])));
        _model.State->Cr0 |= ControlRegisters.Cr0EM;
        Assert.Equal(ExceptionVector.InvalidOpcode, _model.Run(a => a.addps(xmm0, xmm1)));
        Assert.Equal(ExceptionVector.InvalidOpcode, _model.Run(a => a.paddb(mm0, mm1)));
    }

    [Fact]
    public void Unmasked_exception_is_simd_fault_with_the_flag_and_without_a_result()
    {
        _model.State->Vectors[0] = 0x3FF0_0000_0000_0000;
        _model.State->Vectors[8] = 0;
        _model.State->Mxcsr = 0x1F80 & ~(1u << 9);
        Assert.Equal(ExceptionVector.InvalidOpcode, _model.Run(a => a.divsd(xmm0, xmm1)));
        _model.State->Cr4 |= ControlRegisters.Cr4OSXMMEXCPT;
        Assert.Equal(ExceptionVector.SimdFault, _model.Run(a => a.divsd(xmm0, xmm1)));
        Assert.Equal(0x3FF0_0000_0000_0000u, _model.State->Vectors[0]);
        Assert.Equal(4u, _model.State->Mxcsr & 0x3F);
    }

    [Fact]
    public void Reserved_mxcsr_bits_are_general_protection()
    {
        _model.Memory.Write(Area, 4, 0x1_1F80);
        Assert.Equal(ExceptionVector.GeneralProtection, _model.Run(a => a.ldmxcsr(__[rdi])));
        _model.Memory.Write(Area, 4, 0xFFFF);
        Assert.Null(_model.Run(a => a.ldmxcsr(__[rdi])));
        Assert.Equal(0xFFFFu, _model.State->Mxcsr);
    }

    [Fact]
    public void Mmx_write_makes_all_registers_valid_and_emms_empties_them()
    {
        _model.State->X87Status = 3 << 11;
        _model.State->X87Tag = 0xFFFF;
        Assert.Null(_model.Run(a => a.paddb(mm2, mm3)));
        Assert.Equal(0, _model.State->X87Tag);
        Assert.Equal(0, _model.State->X87Status);
        Assert.Equal(0xFFFFu, _model.State->X87[5]);
        Assert.Null(_model.Run(a => a.emms()));
        Assert.Equal(0xFFFF, _model.State->X87Tag);
    }

    [Fact]
    public void Fxsave_and_fxrstor_round_trip()
    {
        Fill();
        Assert.Null(_model.Run(a => a.fxsave64(__[rdi])));
        ulong[] before = Snapshot();
        Clear();
        Assert.Null(_model.Run(a => a.fxrstor64(__[rdi])));
        Assert.Equal(before, Snapshot());
        Assert.Equal(0xFFFFu, _model.Memory.Read(Area + 28, 4));
        _model.State->Gpr[Rdi] = Area + 8;
        Assert.Equal(ExceptionVector.GeneralProtection, _model.Run(a => a.fxsave64(__[rdi])));
    }

    [Fact]
    public void Xsave_forms_round_trip_and_headers_are_checked()
    {
        _model.State->Xcr0 = 3;
        _model.State->Gpr[0] = ulong.MaxValue;
        _model.State->Gpr[2] = ulong.MaxValue;
        Assert.Equal(ExceptionVector.InvalidOpcode, _model.Run(a => a.xsave64(__[rdi])));
        _model.State->Cr4 |= ControlRegisters.Cr4OSXSAVE;
        foreach (Action<Assembler> save in new Action<Assembler>[] { a => a.xsave64(__[rdi]), a => a.xsavec64(__[rdi]), a => a.xsaves64(__[rdi]) })
        {
            for (ulong at = 0; at < 832; at += 8) _model.Memory.Write(Area + at, 8, 0);
            Fill();
            Assert.Null(_model.Run(save));
            ulong[] before = Snapshot();
            Clear();
            Assert.Null(_model.Run(a => a.xrstor64(__[rdi])));
            Assert.Equal(before, Snapshot());
            Assert.Equal(3u, _model.Memory.Read(Area + 512, 8));
        }

        Assert.Null(_model.Run(a => a.xrstors64(__[rdi])));
        _model.Memory.Write(Area + 512, 8, 7);
        Assert.Equal(ExceptionVector.GeneralProtection, _model.Run(a => a.xrstor64(__[rdi])));
        _model.Memory.Write(Area + 512, 8, 0);
        Assert.Null(_model.Run(a => a.xrstor64(__[rdi])));
        Assert.Equal(0u, _model.State->Vectors[0]);
        Assert.Equal(0x37F, _model.State->X87Control);
        _model.State->Gpr[Rdi] = Area + 16;
        Assert.Equal(ExceptionVector.GeneralProtection, _model.Run(a => a.xsave64(__[rdi])));
    }

    private void Fill()
    {
        for (int index = 0; index < 16; index++)
        {
            _model.State->Vectors[8 * index] = (ulong)index + 1;
            _model.State->Vectors[(8 * index) + 1] = (ulong)index << 40;
        }

        for (int index = 0; index < 8; index++)
        {
            _model.State->X87[2 * index] = 0x8000_0000_0000_0000 + (ulong)index;
            _model.State->X87[(2 * index) + 1] = 0x3FFF;
        }

        _model.State->X87Status = 5 << 11;
        _model.State->X87Tag = 0xFFF0;
        _model.State->X87Control = 0x27F;
        _model.State->Mxcsr = 0x1FA0;
        _model.State->X87InstructionPointer = 0x1234_5678_9ABC;
    }

    private void Clear()
    {
        new Span<ulong>(_model.State->Vectors, 128).Clear();
        new Span<ulong>(_model.State->X87, 16).Clear();
        _model.State->X87Status = 0;
        _model.State->X87Tag = 0;
        _model.State->X87Control = 0;
        _model.State->Mxcsr = 0;
        _model.State->X87InstructionPointer = 0;
    }

    private ulong[] Snapshot() =>
    [
        .. new ReadOnlySpan<ulong>(_model.State->Vectors, 128), .. new ReadOnlySpan<ulong>(_model.State->X87, 16),
        _model.State->X87Status, _model.State->X87Tag, _model.State->X87Control, _model.State->Mxcsr, _model.State->X87InstructionPointer,
    ];
}
