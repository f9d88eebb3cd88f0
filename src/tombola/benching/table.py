"""A bench as lines for a terminal."""

from collections.abc import Mapping, Sequence

from tombola.benching.result import Measured, Result
from tombola.engines._base import LayerTime

_INTERRUPTED = 0.2
"""Above this part of interrupted runs the machine counts as busy."""

_DIFFERENT = 1e-3
"""Above this part of the largest logit a difference is more than rounding."""


def lines(result: Result) -> list[str]:
    """The table, what was left out, the layers if they were asked for, and the verdict."""
    order = sorted(result.engines, key=lambda engine: engine.times.p50)
    rows = [_HEAD, *(_row(result, engine) for engine in order)]
    found = [_title(result), "", *aligned(rows), ""]
    found += [f"{name} is left out: {why}" for name, why in result.left_out.items()]
    for engine in result.layered:
        dense = result.dense_layers() if engine.uses_zeros else {}
        found += ["", f"{engine.engine}, layer by layer:", *aligned(layer_rows(engine.layers, dense)), ""]
    return [*found, *_notes(result), result.verdict()]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines: numbers to the right, the first column and one of words to the left; empty columns left out."""
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    texts = [
        [cell.rjust(width) if number and column[0] not in _WORDS else cell.ljust(width) for cell in column]
        for number, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return ["  ".join(cells).rstrip() for cells in zip(*texts, strict=True)]


_WORDS = ("zeros", "kind", "how")
_HEAD = ("engine", "zeros", "p50", "p90", "x dense", "processor", "files", "memory", "accuracy", "differs by")


def _row(result: Result, engine: Measured) -> tuple[str, ...]:
    ratio = result.ratio(engine)
    return (
        engine.engine,
        "used" if engine.uses_zeros else "multiplied",
        milliseconds(engine.times.p50),
        milliseconds(engine.times.p90),
        "" if ratio is None else f"{ratio:.2f}",
        milliseconds(engine.times.processor),
        size(engine.bytes),
        "" if engine.memory is None else size(engine.memory),
        "" if engine.accuracy is None else f"{engine.accuracy:.2f} %",
        f"{engine.difference:.0e}",
    )


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
    many = f"{setting.batch} image{'s' if setting.batch > 1 else ''} of {'x'.join(map(str, setting.size))} at once"
    on = f"{setting.threads} thread{'s' if setting.threads > 1 else ''}"
    on += f" on core{'s' if len(result.pin) > 1 else ''} {', '.join(map(str, result.pin))}" if result.pin else ""
    zeros = f"{100 * result.sparsity:.1f} % of {result.total:,} weights pruned" if result.total else "nothing pruned"
    return f"{result.model}, {zeros}; {many}, {on}; {result.machine}"


def _notes(result: Result) -> list[str]:
    found = []
    runs = sum(engine.times.runs for engine in result.engines)
    interrupted = sum(engine.times.interrupted for engine in result.engines)
    if result.engines and any(engine.accuracy is not None for engine in result.engines):
        found.append(f"accuracy is of the first {result.samples:,} test images")
    found += [
        f"{engine.engine}'s logits are not torch's: they differ by {engine.difference:.0e} of the largest"
        for engine in result.engines
        if not engine.difference <= _DIFFERENT
    ]
    if runs and interrupted > _INTERRUPTED * runs:
        found.append(f"{interrupted:,} of {runs:,} runs were interrupted by other processes: this machine is busy")
        found += _by_processor(result)
    return found


def _by_processor(result: Result) -> list[str]:
    """On one thread the processor's time is what a run would take on a quiet machine."""
    dense = [engine.times.processor for engine in result.engines if not engine.uses_zeros]
    sparse = [engine for engine in result.engines if engine.uses_zeros]
    if result.setting.threads > 1 or not dense or not sparse:
        return []
    best = min(sparse, key=lambda engine: engine.times.processor)
    ratio = min(dense) / max(best.times.processor, 1e-9)
    return [f"by the processor's time, without what others took, {best.engine} is {ratio:.2f} times as fast as dense"]
