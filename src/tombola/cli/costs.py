"""An estimate of cost, as lines for people and as JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tombola.study.cost import Bill, Estimate


def cost_lines(costs: "Estimate", tflops: float) -> list[str]:
    """GPU hours by kind of stage and in all, what sharing saves, and why something is unknown."""
    kinds = [f"  {kind:<10} {_about(bill, tflops)}" for kind, bill in costs.kinds.items()]
    total, left = _about(costs.total, tflops), _about(costs.missing, tflops)
    reasons = [
        f"  unknown for {count} {kind} stages: {reason}"
        for kind, bill in costs.kinds.items()
        for reason, count in bill.unknown.items()
    ]
    return [
        f"estimated, from multiply-adds counted and nothing measured, at {tflops:g} TFLOP/s sustained (--tflops):",
        *kinds,
        f"  in all     {total}, {left} to run; saved by sharing: {_hours(costs.saved.hours(tflops))} GPU hours",
        *reasons,
    ]


def cost_value(costs: "Estimate", tflops: float) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "tflops": tflops,
        "estimated_from": "multiply-adds counted, nothing measured",
        **_value(costs.total, costs.missing, tflops),
        "gpu_hours_saved_by_sharing": costs.saved.hours(tflops),
        "kinds": {kind: _value(bill, costs.to_run[kind], tflops) for kind, bill in costs.kinds.items()},
    }


def _value(bill: "Bill", left: "Bill", tflops: float) -> dict[str, Any]:
    return {
        "gpu_hours": bill.hours(tflops),
        "gpu_hours_to_run": left.hours(tflops),
        "flops": bill.flops,
        "forward_passes": bill.passes,
        "unknown": [{"stages": count, "reason": reason} for reason, count in bill.unknown.items()],
    }


def _about(bill: "Bill", tflops: float) -> str:
    unknown = sum(bill.unknown.values())
    if unknown and not bill.flops:
        return f"unknown ({unknown} stages)"
    more = f", and {unknown} stages unknown" if unknown else ""
    return f"{_hours(bill.hours(tflops))} GPU hours{more}"


def _hours(hours: float) -> str:
    """Two figures at most where they are few.

    >>> [_hours(hours) for hours in (0, 0.00042, 0.042, 0.25, 7.3, 12345)]
    ['0', 'under 0.01', 'about 0.04', 'about 0.2', 'about 7.3', 'about 12,345']
    """
    if hours == 0:
        return "0"
    if hours < 0.01:
        return "under 0.01"
    if hours < 0.1:
        return f"about {hours:.2f}"
    return f"about {hours:.1f}" if hours < 10 else f"about {hours:,.0f}"
