namespace Emulator.Core.Time;

/// <summary>The machine's only clock: one tick per retired instruction, 10^9 ticks per virtual second.</summary>
/// <remarks>
/// Everything that measures time (TSC, APIC timer, PIT, RTC, ACPI PM timer) derives from it, so that two runs with the
/// same inputs see the same times. The processor ends its instruction budget at <see cref="NextDeadline"/>.
/// </remarks>
public sealed class VirtualClock : IClock
{
    private readonly PriorityQueue<(ClockEvent Event, int Generation), (ulong Deadline, long Order)> _queue = new();
    private Func<ulong>? _inFlight;
    private ulong _now;
    private long _order;

    /// <inheritdoc/>
    public ulong Now => _inFlight is { } inFlight ? inFlight() : _now;

    /// <summary>The tick of the earliest scheduled event, or <see cref="ulong.MaxValue"/> when there is none.</summary>
    public ulong NextDeadline
    {
        get
        {
            while (_queue.TryPeek(out var entry, out var key))
            {
                if (entry.Event.Generation == entry.Generation) return key.Deadline;
                _queue.Dequeue();
            }

            return ulong.MaxValue;
        }
    }

    /// <summary>Set when an event was scheduled before the deadline that the current budget was computed from.</summary>
    public bool DeadlineMoved { get; set; }

    /// <inheritdoc/>
    public ClockEvent Register(string name, Action<ulong> callback) => new(this, name, callback);

    /// <summary>Tells where the exact time comes from while the processor is inside a slice; null between slices.</summary>
    public void UseInFlightTime(Func<ulong>? source) => _inFlight = source;

    /// <summary>Moves time forward to <paramref name="tick"/> and runs every event that is due, in order of deadline.</summary>
    public void AdvanceTo(ulong tick)
    {
        while (NextDeadline <= tick)
        {
            (ClockEvent due, _) = _queue.Dequeue();
            _now = Math.Max(_now, due.Deadline);
            due.Fire();
        }

        _now = Math.Max(_now, tick);
    }

    internal void Enqueue(ClockEvent clockEvent)
    {
        if (clockEvent.Deadline < NextDeadline) DeadlineMoved = true;
        _queue.Enqueue((clockEvent, clockEvent.Generation), (clockEvent.Deadline, _order++));
    }
}
