using System.Numerics;
using System.Runtime.CompilerServices;
using Emulator.Core.Execution;

namespace Emulator.Core.Instructions;

/// <summary>SDM Vol. 1, "Multiply and Divide Instructions".</summary>
public static partial class Integer
{
    /// <summary>Signed product cut to the operand size; CF = OF = it did not fit. SDM Vol. 2, "IMUL—Signed Multiply".</summary>
    /// <remarks>SF follows the result; ZF, AF and PF are undefined: they follow the result, AF is 0.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Imul<T>(T left, T right, out LazyFlags flags)
        where T : unmanaged, IBinaryInteger<T>
    {
        T result = unchecked(left * right);
        bool overflows;
        if (Unsafe.SizeOf<T>() == 8)
        {
            long high = Math.BigMul((long)Widths.SignExtend(left), (long)Widths.SignExtend(right), out long low);
            overflows = high != low >> 63;
        }
        else
        {
            long product = (long)Widths.SignExtend(left) * (long)Widths.SignExtend(right);
            overflows = product != (long)Widths.SignExtend(result);
        }

        flags = LazyFlags.FromResult(result, overflows, overflows);
        return result;
    }
}
