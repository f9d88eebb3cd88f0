"""A bench as lines for a terminal."""

from collections.abc import Mapping, Sequence

from tombola.benching.result import Measured, Result
from tombola.benching.verdict import verdict
from tombola.engines._base import LayerTime

_INTERRUPTED = 0.2
"""Above this part of interrupted runs the machine counts as busy."""

_DIFFERENT = 1e-3
"""Above this part of the largest logit a difference is more than rounding."""


def lines(result: Result) -> list[str]:
    """The table, what was left out, the layers if they were asked for, and the verdict."""
    rows = [_HEAD, *(_row(result, engine) for engine in result.in_order)]
    found = [_title(result), "", *aligned(rows), ""]
    found += [f"{name} is left out: {why}" for name, why in result.left_out.items()]
    for engine in result.layered:
        dense = result.dense_layers() if engine.uses_zeros else {}
        found += ["", f"{engine.engine}, layer by layer:", *aligned(layer_rows(engine.layers, dense)), ""]
    return [*found, *_notes(result), verdict(result)]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines: numbers to the right, the first column and one of words to the left; empty columns left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    texts = [
        [cell.rjust(width) if number and column[0] not in _WORDS else cell.ljust(width) for cell in column]
        for number, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return ["  ".join(cells).rstrip() for cells in zip(*texts, strict=True)]


_WORDS = ("zeros", "kind", "how", "in")
_HEAD = (
    "engine",
    "zeros",
    "in",
    "p50",
    "p90",
    "x int8",
    "x float32",
    "processor",
    "files",
    "memory",
    "accuracy",
    "differs by",
)


def _row(result: Result, engine: Measured) -> tuple[str, ...]:
    return (
        engine.engine,
        "used" if engine.uses_zeros else "multiplied",
        engine.arithmetic,
        milliseconds(engine.times.p50),
        milliseconds(engine.times.p90),
        _times(result.ratio(engine, "int8")),
        _times(result.ratio(engine, "float32")),
        milliseconds(engine.times.processor),
        size(engine.bytes),
        "" if engine.memory is None else size(engine.memory),
        "" if engine.accuracy is None else f"{engine.accuracy:.2f} %",
        f"{engine.difference:.0e}",
    )


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def layer_rows(layers: Sequence[LayerTime], dense: Mapping[str, float]) -> list[tuple[str, ...]]:
    """A row a layer: its time, its part of the whole, a dense engine's time, and what became of its weights."""
    whole = sum(layer.seconds for layer in layers) or 1.0
    head = ("layer", "kind", "time", "share", "dense", "x dense", "survivors", "of", "kept", "how")
    return [head, *(_layer_row(layer, whole, dense.get(layer.name)) for layer in layers)]


def _layer_row(layer: LayerTime, whole: float, dense: float | None) -> tuple[str, ...]:
    weights = layer.total > 0
    return (
        layer.name,
        layer.kind,
        milliseconds(layer.seconds, 3),
        f"{100 * layer.seconds / whole:.1f} %",
        "" if dense is None else milliseconds(dense, 3),
        "" if dense is None else f"{dense / max(layer.seconds, 1e-9):.2f}",
        f"{layer.survivors:,}" if weights else "",
        f"{layer.total:,}" if weights else "",
        f"{100 * layer.survivors / layer.total:.1f} %" if weights else "",
        layer.choice,
    )


def milliseconds(seconds: float, digits: int = 2) -> str:
    """``"12.35 ms"``."""
    return f"{1e3 * seconds:.{digits}f} ms"


def size(number: int) -> str:
    """``"4.9 MB"``."""
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else f"{number / 1e3:.1f} kB"


def _title(result: Result) -> str:
    setting = result.setting
    many = f"{setting.shown.counted(setting.batch)} at once"
    on = f"{setting.threads} thread{'s' if setting.threads > 1 else ''}"
    on += f" on core{'s' if len(result.pin) > 1 else ''} {', '.join(map(str, result.pin))}" if result.pin else ""
    zeros = f"{100 * result.sparsity:.1f} % of {result.total:,} weights pruned" if result.total else "nothing pruned"
    return f"{result.model}, {zeros}; {many}, {on}; {result.machine}"


def _notes(result: Result) -> list[str]:
    found = []
    runs = sum(engine.times.runs for engine in result.engines)
    interrupted = sum(engine.times.interrupted for engine in result.engines)
    if result.engines and any(engine.accuracy is not None for engine in result.engines):
        found.append(
            f"accuracy is of {result.samples:,} of {result.of:,} {result.judged_on} {result.setting.shown.WHAT}"
        )
        found += _of_what(result)
    found += _remarks(result)
    found += [
        f"{engine.engine}'s logits are not torch's: they differ by {engine.difference:.0e} of the largest"
        for engine in result.engines
        if engine.arithmetic == "float32" and not engine.difference <= _DIFFERENT
    ]
    if runs and interrupted > _INTERRUPTED * runs:
        found.append(f"{interrupted:,} of {runs:,} runs were interrupted by other processes: this machine is busy")
        found += _by_processor(result)
    return found


def _of_what(result: Result) -> list[str]:
    """A dense engine is given the ticket's net, whose zeros it multiplies; its rival was never pruned."""
    if not result.kept < result.total:
        return []
    return ["dense engines ran this ticket's net: one that was never pruned takes as long there, with its own accuracy"]


def _remarks(result: Result) -> list[str]:
    """What engines say of themselves, each remark once, behind the names of those that say it."""
    said: dict[str, list[str]] = {}
    for engine in result.in_order:
        for remark in engine.remarks:
            said.setdefault(remark, []).append(engine.engine)
    found = [f"{' and '.join(names)}: {remark}" for remark, names in said.items()]
    rounded = [engine.engine for engine in result.in_order if engine.arithmetic == "int8"]
    if result.calibrated and rounded:
        found.insert(0, f"{' and '.join(rounded)}: calibrated on {result.calibrated}")
    return found


def _by_processor(result: Result) -> list[str]:
    """On one thread the processor's time is what a run would take on a quiet machine."""
    dense = [engine for engine in result.engines if not engine.uses_zeros]
    sparse = [engine for engine in result.engines if engine.uses_zeros]
    if result.setting.threads > 1 or not dense or not sparse:
        return []
    rival, best = (min(kind, key=lambda engine: engine.times.processor) for kind in (dense, sparse))
    ratio = rival.times.processor / max(best.times.processor, 1e-9)
    who = f"{best.engine} is {ratio:.2f} times as fast as {rival.engine}"
    return [f"by the processor's time, without what others took, {who}"]
