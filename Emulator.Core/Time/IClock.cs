namespace Emulator.Core.Time;

/// <summary>Virtual time as devices see it. One tick is one nanosecond of virtual time.</summary>
public interface IClock
{
    /// <summary>Ticks since power-on: the number of retired instructions plus what a halted machine skipped.</summary>
    ulong Now { get; }

    /// <summary>Makes an event that calls back, with the tick it was due at, each time that it was scheduled for.</summary>
    ClockEvent Register(string name, Action<ulong> callback);
}
