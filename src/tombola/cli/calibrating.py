"""``tombola bench --calibrate``: what the native kernels cost here, kept for export and ``draw --set latency``."""

from dataclasses import asdict
from typing import Any

from tombola.cli.output import emit


def calibrate(threads: int, *, as_json: bool) -> None:
    """Measure, keep and say how well the model fits."""
    from tombola.cli.progress import reporter
    from tombola.native.calibrating import calibrate as measured

    found = measured(threads, reporter().note)
    path = found.save()
    plain: dict[str, Any] = {"file": str(path), **asdict(found)}
    emit(
        as_json,
        plain,
        [
            f"{found.processor}, {_threads(threads)}: {found.fitted} timings fitted in {found.seconds:.0f} s",
            f"median error of the model on {found.held_out} timings of layers it had not seen: {found.error:.1%}",
            f"of those in int8: {found.error_in_int8:.1%}",
            *(f"  {name:12} {value:10.4g}" for name, value in {**found.coefficients, **found.others}.items()),
            *(f"  int8 {name:7} {value:10.4g}" for name, value in found.cells.items()),
            f"kept in {path}: the exporter's choose=model and draw --set latency use it from now on",
        ],
    )


def _threads(count: int) -> str:
    return f"{count} thread{'s' if count > 1 else ''}"
