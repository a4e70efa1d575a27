namespace Emulator.Core.Memory;

/// <summary>What an access does.</summary>
public enum AccessKind : byte
{
    /// <summary>Data read.</summary>
    Read,

    /// <summary>Data write.</summary>
    Write,

    /// <summary>Instruction fetch.</summary>
    Fetch,
}

/// <summary>With which rights an access is made. SDM Vol. 3A, "Determination of Access Rights".</summary>
public enum Privilege : byte
{
    /// <summary>CPL is less than 3: an explicit supervisor-mode access.</summary>
    Supervisor,

    /// <summary>CPL is 3.</summary>
    User,

    /// <summary>The processor accesses a system structure, whatever CPL is.</summary>
    ImplicitSupervisor,
}
