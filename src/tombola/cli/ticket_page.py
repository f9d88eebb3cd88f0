"""A ticket as a page: what it keeps, of what, how it was drawn, and how dense every layer is. No torch."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tombola.cli import families
from tombola.cli.output import Part, Table
from tombola.errors import RequestError
from tombola.finding import singular

if TYPE_CHECKING:
    from tombola.spec import Json
    from tombola.tickets.lineage import Lineage
    from tombola.tickets.summary import LayerCount, Summary

_BAR: Final = 20
_AXES: Final = ("sparsity", "pattern", "budget", "score", "prunable")
"""What is said of a ticket even where it is as by default."""
_NAMED_BY: Final = ("name", "preset", "count")
"""What stands alone for a thing with options."""


def page(summary: "Summary") -> list[Part]:
    """Facts first, then a row a layer."""
    rows = [_row(layer) for layer in summary.layers]
    headings = ("layer", "shape", "kept", "of", "density", "")
    return [*brief(summary), *_told(summary), "", Table(headings, rows, right=("shape", "kept", "of", "density"))]


def brief(summary: "Summary") -> list[str]:
    """What it is, how sparse, how large."""
    of = _printable(summary.lineage.model_text or "a model without a name")
    lines = [f"{summary.kind} ticket of {of}"]
    pruned = summary.total - summary.kept
    lines.append(
        f"sparsity {1 - summary.density:.2%}: {pruned:,} of {summary.total:,} prunable weights pruned,"
        f" {summary.kept:,} kept in {len(summary.layers)} layers"
    )
    if summary.file_bytes is not None and summary.mask_bytes is not None:
        bound = f"entropy bound {summary.bound_bytes:,.0f} globally, {summary.layer_bound_bytes:,.0f} layer by layer"
        lines.append(f"{summary.file_bytes:,} bytes, {summary.mask_bytes:,} of them masks ({bound})")
    return lines


def _told(summary: "Summary") -> list[str]:
    """Where it comes from, a line a fact."""
    lineage = summary.lineage
    facts = {
        "drawn by": _scheme(lineage),
        "trained for": "" if lineage.objective is None else _words("objectives", lineage.objective),
        "drawn on": "" if lineage.task is None else _words("tasks", lineage.task),
        "adapted to": str(lineage.answers or ""),
        "values": summary.values or "",
        "dense weights": f"digest {lineage.weights_digest[:12]}..." if lineage.weights_digest else "",
        "seeds": ", ".join(f"{name} {seed}" for name, seed in lineage.seeds.items()),
        "made with": ", ".join(f"{name} {version}" for name, version in lineage.versions.items()),
        "also": json.dumps(lineage.extra, ensure_ascii=False) if lineage.extra else "",
    }
    return ["", *(f"{name:<13}  {_printable(text)}" for name, text in facts.items() if text)]


def _scheme(lineage: "Lineage") -> str:
    return _words("schemes", lineage.scheme) if lineage.scheme else ""


def _words(family: str, options: Mapping[str, Any]) -> str:
    """A member, its axes, and what of it is not as it is by default: ``omp, sparsity 0.9, pattern stripe, size 4``."""
    usual = _usual(family, str(options.get("name", "")))
    said = [str(options.get("name", ""))]
    for name, value in sorted(options.items(), key=lambda item: item[0] not in _AXES[:1]):
        if name == "name" or (name not in _AXES and _same(value, usual.get(name))):
            continue
        said.append(f"{name} {_value(name, value)}")
    return ", ".join(filter(None, said))


def _usual(family: str, name: str) -> dict[str, str]:
    with suppress(RequestError):
        return {option.name: option.default for option in families.options(family, name)}
    return {}


def _same(value: "Json", default: str | None) -> bool:
    """Whether a value is the default, which the member's file has as text; a thing with a name by that alone."""
    if value is None:
        return default in (None, "none")
    text = json.dumps(value, sort_keys=True, separators=(",", ":")).strip('"')
    alone = isinstance(value, dict) and next((value[key] for key in _NAMED_BY if value.get(key)), None)
    return default is not None and default in (text, alone)


def _value(name: str, value: "Json") -> str:
    families_by_name = {singular(word): word for word in families.PACKAGES}
    if isinstance(value, dict):
        family = families_by_name.get(name)
        if family is not None and "name" in value:
            return _words(family, value)
        return " ".join(f"{key} {_value(key, item)}" for key, item in value.items() if item not in (None, [], {}))
    return number(value) if isinstance(value, float) else str(value)


def number(value: float) -> str:
    """A number as people write it: pixels in parts of 255.

    >>> number(8 / 255), number(0.9)
    ('8/255', '0.9')
    """
    of_255 = round(value * 255, 6)
    return f"{of_255:g}/255" if 0 < value < 1 and of_255 == int(of_255) and f"{value:g}" != str(value) else f"{value:g}"


def _row(layer: "LayerCount") -> tuple[str, ...]:
    shape = "x".join(map(str, layer.shape)) or "scalar"
    bar = "█" * round(_BAR * layer.density) or ("▏" if layer.kept else "")
    return (_printable(layer.name), shape, f"{layer.kept:,}", f"{layer.total:,}", f"{layer.density:.2%}", bar)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
