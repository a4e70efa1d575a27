using Emulator.Core.Execution;

namespace Emulator.Core.Memory;

/// <summary>Result of a walk: a physical page and what may be done with it without walking again.</summary>
/// <param name="Physical">Physical page address, 4-KiB aligned.</param>
/// <param name="CanRead">Reads at this privilege are allowed.</param>
/// <param name="CanWrite">Writes at this privilege are allowed and the dirty flag is set.</param>
internal readonly record struct PageTranslation(ulong Physical, bool CanRead, bool CanWrite);

/// <summary>The paging-structure walk. SDM Vol. 3A, "Paging": 32-bit, PAE and 4-level paging.</summary>
internal sealed unsafe class PageWalk(Processor cpu)
{
    private const ulong Present = 1UL << 0;
    private const ulong Writable = 1UL << 1;
    private const ulong User = 1UL << 2;
    private const ulong Accessed = 1UL << 5;
    private const ulong Dirty = 1UL << 6;
    private const ulong PageSizeBit = 1UL << 7;
    private const ulong ExecuteDisable = 1UL << 63;
    private const uint ErrorPresent = 1;
    private const uint ErrorWrite = 2;
    private const uint ErrorUser = 4;
    private const uint ErrorReserved = 8;
    private const uint ErrorFetch = 16;
    private const int MaxLevels = 5;

    private readonly ProcessorState* _state = cpu.State;
    private readonly ulong[] _addresses = new ulong[MaxLevels];
    private readonly ulong[] _entries = new ulong[MaxLevels];

    /// <summary>Walks for one access, sets A and D flags. False: #PF or an extension's event is pending, flags untouched.</summary>
    public bool TryWalk(ulong linear, AccessKind kind, Privilege privilege, out PageTranslation translation)
    {
        if ((_state->Cr0 & ControlRegisters.Cr0PG) == 0)
        {
            return TryFinish(linear & ~0xFFFUL, linear, kind, canRead: true, canWrite: true, out translation);
        }

        translation = default;
        bool isPae = (_state->Cr4 & ControlRegisters.Cr4PAE) != 0;
        bool isLong = (_state->Efer & ControlRegisters.EferLMA) != 0;
        int levels;
        ulong table;
        if (isLong)
        {
            levels = (_state->Cr4 & ControlRegisters.Cr4LA57) != 0 ? 5 : 4;
            table = _state->Cr3 & PhysicalMask & ~0xFFFUL;
        }
        else if (isPae)
        {
            ulong pdpte = _state->Pdpte[(linear >> 30) & 3];
            if ((pdpte & Present) == 0) return Fault(linear, kind, privilege, 0);
            levels = 2;
            table = pdpte & PhysicalMask & ~0xFFFUL;
        }
        else
        {
            levels = 2;
            table = _state->Cr3 & 0xFFFF_F000;
        }

        return TryWalkLevels(linear, kind, privilege, table, levels, isPae ? 8 : 4, out translation);
    }

    /// <summary>Loads and checks the four PDPTEs. SDM Vol. 3A, "PDPTE Registers".</summary>
    public bool TryLoadPdptes(ulong cr3)
    {
        ulong reserved = 0x1E6 | (~PhysicalMask & ~0xFFFUL);
        ulong* loaded = stackalloc ulong[4];
        for (int i = 0; i < 4; i++)
        {
            if (!TryPhysical((cr3 & 0xFFFF_FFE0) + (ulong)(8 * i), AccessKind.Read, 0, SecondLevelSource.NoLinear, out ulong physical)) return false;
            loaded[i] = cpu.Memory.Read(physical, 8);
            if ((loaded[i] & Present) != 0 && (loaded[i] & reserved) != 0) return cpu.RaiseGeneralProtection(FaultCause.ReservedBits);
        }

        for (int i = 0; i < 4; i++) _state->Pdpte[i] = loaded[i];
        return true;
    }

    private ulong PhysicalMask => (1UL << cpu.Model.PhysicalAddressBits) - 1;

    private bool TryWalkLevels(
        ulong linear, AccessKind kind, Privilege privilege, ulong table, int levels, int entryBytes, out PageTranslation translation)
    {
        translation = default;
        int indexBits = entryBytes == 8 ? 9 : 10;
        ulong rights = Writable | User;
        bool noExecute = false;
        int level = levels;
        int used = 0;
        ulong entry;
        int shift;
        while (true)
        {
            level--;
            shift = 12 + (indexBits * level);
            ulong index = (linear >> shift) & ((1UL << indexBits) - 1);
            ulong address = table + (index * (ulong)entryBytes);
            if (!TryPhysical(address, AccessKind.Read, linear, SecondLevelSource.PagingStructure, out ulong physical)) return false;
            entry = cpu.Memory.Read(physical, entryBytes);
            if ((entry & Present) == 0) return Fault(linear, kind, privilege, 0);
            bool isLarge = level > 0 && (entry & PageSizeBit) != 0 && MayBeLarge(level, entryBytes);
            if ((entry & ReservedBits(level, levels, entryBytes, isLarge)) != 0)
            {
                return Fault(linear, kind, privilege, ErrorPresent | ErrorReserved);
            }

            _addresses[used] = address;
            _entries[used++] = entry;
            rights &= entry;
            noExecute |= entryBytes == 8 && (entry & ExecuteDisable) != 0;
            if (level == 0 || isLarge) break;
            table = entryBytes == 8 ? entry & PhysicalMask & ~0xFFFUL : entry & 0xFFFF_F000;
        }

        bool canRead = CanRead(rights, privilege);
        bool canWrite = canRead && CanWrite(rights, privilege);
        bool allowed = kind switch
        {
            AccessKind.Read => canRead,
            AccessKind.Write => canWrite,
            _ => CanFetch(rights, noExecute, privilege),
        };
        if (!allowed) return Fault(linear, kind, privilege, ErrorPresent);
        if (!TrySetFlags(linear, used, entryBytes, kind == AccessKind.Write)) return false;

        ulong offsetMask = (1UL << shift) - 1;
        ulong page = (FrameOf(entry, entryBytes, level) & ~offsetMask) | (linear & offsetMask);
        bool isDirty = (_entries[used - 1] & Dirty) != 0;
        return TryFinish(page & ~0xFFFUL, linear, kind, canRead, canWrite && isDirty, out translation);
    }

    private bool MayBeLarge(int level, int entryBytes)
        => entryBytes == 8 ? level <= 2 : (_state->Cr4 & ControlRegisters.Cr4PSE) != 0;

    /// <summary>SDM Vol. 3A, "Paging": the reserved bits of each format.</summary>
    private ulong ReservedBits(int level, int levels, int entryBytes, bool isLarge)
    {
        // 32-bit paging: bits 20:13 of a 4-MByte page hold physical bits 39:32 (PSE-36), bit 21 is reserved.
        if (entryBytes == 4) return isLarge ? 1UL << 21 : 0;
        ulong reserved = ~PhysicalMask & 0x000F_FFFF_FFFF_F000;

        // PAE paging reserves bits 62:52; 4-level paging ignores them.
        if (levels == 2) reserved |= 0x7FF0_0000_0000_0000;
        if ((_state->Efer & ControlRegisters.EferNXE) == 0) reserved |= ExecuteDisable;
        if (isLarge) reserved |= level == 2 ? 0x3FFF_E000UL : 0x1F_E000UL;
        else if (level >= 3 || (level == 2 && !isLarge && levels < 3)) reserved |= PageSizeBit;
        return reserved;
    }

    private ulong FrameOf(ulong entry, int entryBytes, int level)
    {
        if (entryBytes == 8) return entry & PhysicalMask & ~0xFFFUL;
        return level == 1 ? (entry & 0xFFC0_0000) | ((entry & 0x1F_E000) << 19) : entry & 0xFFFF_F000;
    }

    private bool CanRead(ulong rights, Privilege privilege)
    {
        bool isUserPage = (rights & User) != 0;
        if (privilege == Privilege.User) return isUserPage;
        if (!isUserPage || (_state->Cr4 & ControlRegisters.Cr4SMAP) == 0) return true;
        return privilege == Privilege.Supervisor && (_state->SystemFlags & Rflags.AC) != 0;
    }

    private bool CanWrite(ulong rights, Privilege privilege)
        => (rights & Writable) != 0 || (privilege != Privilege.User && (_state->Cr0 & ControlRegisters.Cr0WP) == 0);

    private bool CanFetch(ulong rights, bool noExecute, Privilege privilege)
    {
        bool isUserPage = (rights & User) != 0;
        if (noExecute) return false;
        if (privilege == Privilege.User) return isUserPage;
        return !isUserPage || (_state->Cr4 & ControlRegisters.Cr4SMEP) == 0;
    }

    private bool TrySetFlags(ulong linear, int used, int entryBytes, bool isWrite)
    {
        for (int i = 0; i < used; i++)
        {
            bool isLeaf = i == used - 1;
            ulong wanted = _entries[i] | Accessed | (isLeaf && isWrite ? Dirty : 0);
            if (wanted == _entries[i]) continue;
            if (!TryPhysical(_addresses[i], AccessKind.Write, linear, SecondLevelSource.PagingStructure, out ulong physical)) return false;
            cpu.Blocks.OnWrite(physical, entryBytes);
            cpu.Memory.Write(physical, entryBytes, wanted);
            _entries[i] = wanted;
        }

        return true;
    }

    private bool TryFinish(ulong page, ulong linear, AccessKind kind, bool canRead, bool canWrite, out PageTranslation translation)
    {
        translation = new PageTranslation(page, canRead, canWrite);
        if (cpu.Extension is not { HasSecondLevel: true } extension) return true;
        ulong address = page | (linear & 0xFFF);
        if (!extension.TryTranslate(address, kind, linear, SecondLevelSource.Final, out SecondLevelTranslation second)) return cpu.RaiseExtension();
        translation = new PageTranslation(second.Physical & ~0xFFFUL, canRead && second.CanRead, canWrite && second.CanWrite);
        return true;
    }

    private bool TryPhysical(ulong address, AccessKind kind, ulong linear, SecondLevelSource source, out ulong physical)
    {
        physical = address & cpu.Mmu.A20Mask;
        if (cpu.Extension is not { HasSecondLevel: true } extension) return true;
        if (!extension.TryTranslate(address, kind, linear, source, out SecondLevelTranslation second)) return cpu.RaiseExtension();
        physical = second.Physical;
        return true;
    }

    /// <summary>SDM Vol. 3A, "Page-Fault Exceptions".</summary>
    private bool Fault(ulong linear, AccessKind kind, Privilege privilege, uint error)
    {
        if (kind == AccessKind.Write) error |= ErrorWrite;
        if (privilege == Privilege.User) error |= ErrorUser;
        bool reportsFetch = (_state->Cr4 & ControlRegisters.Cr4SMEP) != 0
            || ((_state->Cr4 & ControlRegisters.Cr4PAE) != 0 && (_state->Efer & ControlRegisters.EferNXE) != 0);
        if (kind == AccessKind.Fetch && reportsFetch) error |= ErrorFetch;
        return cpu.RaisePageFault(linear, error);
    }
}
