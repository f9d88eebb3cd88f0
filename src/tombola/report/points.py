"""What a point of a plot or a cell of a table leads to: its name in the page, and the settings that make it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256

import yaml

from tombola.rows import Scalar
from tombola.spec import Json, canonical


def point_id(measured: Sequence[str], cell: Mapping[str, Scalar]) -> str:
    """``p3f09c2e1ab``: the same in every page that has the number, however many others there are.

    >>> point_id(("accuracy",), {"draw.sparsity": 0}) == point_id(("accuracy",), {"draw.sparsity": 0.0})
    True
    """
    told: dict[str, Json] = {axis: _as_float(value) for axis, value in sorted(cell.items())}
    return "p" + sha256(canonical([list(measured), told]).encode()).hexdigest()[:10]


def link(*points: str) -> str:
    """The part of an address after its ``#`` that opens these points, two of them for a comparison."""
    return "+".join(point for point in points if point)


@lru_cache(maxsize=4096, typed=True)
def setting(axis: str, value: Scalar) -> str:
    """``draw.sparsity=0.9``, as ``--set`` takes it: read again, it is the value and of the same kind.

    >>> setting("prior", "robust"), setting("way", "0.9"), setting("way", "a, b")
    ('prior=robust', 'way="0.9"', 'way="a, b"')
    """
    ways = (value, canonical(value), _escaped(value)) if isinstance(value, str) else ()
    text = next((way for way in ways if _reads_as(way, value)), canonical(value))
    return f"{axis}={text}"


def base_command(commands: Sequence[str]) -> str:
    """The command that runs the whole study, to which settings are added; ``tombola run STUDY`` where it is not told.

    >>> base_command(["pip install tombola", "tombola run demo"])
    'tombola run demo'
    """
    runs = (line.strip() for command in commands for line in command.splitlines())
    return next((line for line in runs if line.startswith("tombola run ")), "tombola run STUDY")


def _escaped(text: str) -> str:
    """In YAML's quotes, with its own escapes: JSON writes what is beyond 16 bits as two halves, which YAML keeps."""
    return (
        '"'
        + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
        + '"'
    )


def _reads_as(text: str, value: Scalar) -> bool:
    try:
        found = yaml.safe_load(f"[{text}]")
    except yaml.YAMLError:
        return False
    if not text.strip():  # such as a single space that does not break: a setting must not look empty
        return False
    return bool(found == [value] and type(found[0]) is type(value))


def _as_float(value: Scalar) -> Scalar:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
