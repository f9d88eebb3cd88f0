"""What a plan costs, as a table for people and as JSON: minutes on this machine, and hours of a GPU."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from tombola.cli.output import Part, Table

if TYPE_CHECKING:
    from tombola.study.cost import Bill, Estimate
    from tombola.study.pace import Pace
    from tombola.study.plan import Counts


def axis_lines(axes: Mapping[str, Sequence[object]]) -> list[str]:
    """What the cells vary in: a line an axis, which ``--set AXIS=LABEL`` cuts."""
    told = (f"{name}: {', '.join(map(str, labels))}" for name, labels in axes.items())
    return [line for one in told for line in wrap(one, 79, initial_indent="  ", subsequent_indent="    ")]


def cost_parts(counts: "Counts", costs: "Estimate", tflops: float, pace: "Pace | None") -> list[Part]:
    """A row a kind of stage and one for all: how many, how long here and on a GPU; then what both come from."""
    rows = [
        (kind, str(tally.total), str(tally.cached), str(tally.to_run), *_times(costs.to_run[kind], tflops, pace))
        for kind, tally in counts.kinds.items()
    ]
    cached = sum(tally.cached for tally in counts.kinds.values())
    left = sum(tally.to_run for tally in counts.kinds.values())
    rows.append(("in all", str(counts.stages), str(cached), str(left), *_times(costs.missing, tflops, pace)))
    headings = ("kind", "stages", "in the store", "to run", "here", "GPU hours")
    return [Table(headings, rows, right=headings[1:]), *_told(costs, tflops, pace)]


def _told(costs: "Estimate", tflops: float, pace: "Pace | None") -> list[str]:
    here = [] if pace is None else [f"here: at the pace of a moment's steps of {pace.timed}, one process"]
    reasons = [
        f"unknown for {count} {kind} stages: {reason}"
        for kind, bill in costs.kinds.items()
        for reason, count in bill.unknown.items()
    ]
    return [
        "times are of what is to run, estimated from multiply-adds counted; reading and changing images is not counted",
        *here,
        f"GPU hours: at {tflops:g} TFLOP/s sustained (--tflops); sharing saves {_hours(costs.saved.hours(tflops))}",
        *reasons,
    ]


def cost_value(costs: "Estimate", tflops: float, pace: "Pace | None") -> dict[str, Any]:
    """The same as plain values."""
    return {
        "tflops": tflops,
        "estimated_from": "multiply-adds counted; the pace here from a moment's steps",
        **_value(costs.total, costs.missing, tflops, pace),
        "gpu_hours_saved_by_sharing": costs.saved.hours(tflops),
        "here": None if pace is None else {"tflops": pace.flops / 1e12, "timed": pace.timed},
        "kinds": {kind: _value(bill, costs.to_run[kind], tflops, pace) for kind, bill in costs.kinds.items()},
    }


def _value(bill: "Bill", left: "Bill", tflops: float, pace: "Pace | None") -> dict[str, Any]:
    return {
        "gpu_hours": bill.hours(tflops),
        "gpu_hours_to_run": left.hours(tflops),
        "minutes_here_to_run": None if pace is None else pace.seconds(left.flops) / 60,
        "flops": bill.flops,
        "forward_passes": bill.passes,
        "unknown": [{"stages": count, "reason": reason} for reason, count in bill.unknown.items()],
    }


def _times(bill: "Bill", tflops: float, pace: "Pace | None") -> tuple[str, str]:
    """Here, and on a GPU; ``and 3 unknown`` where some stages say nothing."""
    from tombola.study.pace import in_words

    unknown = sum(bill.unknown.values())
    if unknown and not bill.flops:
        return "unknown", "unknown"
    here = "unknown" if pace is None else in_words(pace.seconds(bill.flops))
    return f"{here}, {unknown} unknown" if unknown else here, _hours(bill.hours(tflops))


def _hours(hours: float) -> str:
    """Two figures at most where they are few.

    >>> [_hours(hours) for hours in (0, 0.00042, 0.042, 0.25, 7.3, 12345)]
    ['0', 'under 0.01', '0.04', '0.2', '7.3', '12,345']
    """
    if hours == 0:
        return "0"
    if hours < 0.01:
        return "under 0.01"
    if hours < 0.1:
        return f"{hours:.2f}"
    return f"{hours:.1f}" if hours < 10 else f"{hours:,.0f}"
