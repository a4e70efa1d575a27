namespace Emulator.Core.Time;

/// <summary>One pending moment in virtual time. Scheduling again replaces the earlier moment.</summary>
public sealed class ClockEvent
{
    private readonly VirtualClock _clock;
    private readonly Action<ulong> _callback;

    internal ClockEvent(VirtualClock clock, string name, Action<ulong> callback)
    {
        _clock = clock;
        Name = name;
        _callback = callback;
    }

    /// <summary>What the event is for, in traces.</summary>
    public string Name { get; }

    /// <summary>The tick it is due at; meaningful while <see cref="IsScheduled"/>.</summary>
    public ulong Deadline { get; private set; }

    /// <summary>True from <see cref="Schedule"/> until it fired or was cancelled.</summary>
    public bool IsScheduled { get; private set; }

    internal int Generation { get; private set; }

    /// <summary>Asks for a callback at <paramref name="tick"/>; a tick in the past fires at the next opportunity.</summary>
    public void Schedule(ulong tick)
    {
        Generation++;
        Deadline = tick;
        IsScheduled = true;
        _clock.Enqueue(this);
    }

    /// <summary>Forgets the scheduled moment, if any.</summary>
    public void Cancel()
    {
        Generation++;
        IsScheduled = false;
    }

    internal void Fire()
    {
        Generation++;
        IsScheduled = false;
        _callback(Deadline);
    }
}
