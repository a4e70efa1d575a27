using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Decoding;

/// <summary>The signature of every handler of the threaded interpreter.</summary>
internal unsafe delegate long Handler(ProcessorState* state, Operation* operation, long budget);

/// <summary>Entry points of handlers, compiled beforehand.</summary>
/// <remarks>
/// The runtime hands out the address of a stub that jumps to the method: one more indirect jump for each guest
/// instruction (measured on the kernels of benchmarks/: 1.3 times slower). The stub is followed where its form is known;
/// a stub of any other form is used as it is.
/// </remarks>
internal static unsafe class HandlerEntry
{
    private const ushort JumpThroughRipRelative = 0x25FF;
    private static readonly ConcurrentDictionary<Handler, nint> Entries = new(ReferenceEqualityComparer.Instance);

    /// <summary>The entry point of a handler. The compiler keeps one delegate for each use, so the look-up is by reference.</summary>
    public static nint Of(Handler handler)
        => Entries.TryGetValue(handler, out nint entry) ? entry : Prepare(handler);

    private static nint Prepare(Handler handler)
    {
        RuntimeHelpers.PrepareDelegate(handler);
        nint entry = handler.Method.MethodHandle.GetFunctionPointer();
        if (RuntimeInformation.ProcessArchitecture == Architecture.X64) entry = FollowStub(entry);
        Entries[handler] = entry;
        return entry;
    }

    /// <summary>The target of "jmp [rip+disp32]".</summary>
    private static nint FollowStub(nint entry)
    {
        // SAFETY: the entry is code of the runtime, at least as long as the jump; its slot is filled because the method is prepared
        // and, being compiled with full optimisation at once, never replaced.
        byte* code = (byte*)entry;
        if (*(ushort*)code != JumpThroughRipRelative) return entry;
        return *(nint*)(code + 6 + *(int*)(code + 2));
    }
}
