"""HTML and SVG as text that is escaped by construction: only `Markup` passes as it is."""

from collections.abc import Mapping
from html import escape

Attributes = Mapping[str, object]

_VOID = frozenset({"meta", "br", "hr", "input", "link", "img"})


class Markup(str):
    """Text that is already HTML or SVG."""

    __slots__ = ()


def tag(name: str, attributes: Attributes | None = None, *children: str) -> Markup:
    """``<name ...>children</name>``; plain strings are escaped, `Markup` is kept, ``None`` attributes are left out.

    >>> tag("b", {"class": "x"}, "1 < 2")
    '<b class="x">1 &lt; 2</b>'
    """
    written = "".join(f' {key}="{_value(value)}"' for key, value in (attributes or {}).items() if value is not None)
    if name in _VOID:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def scrolled(said: str, *children: str) -> Markup:
    """A region that scrolls sideways where it is too wide, by keyboard too; ``said`` is what it is called."""
    return tag("div", {"class": "scroll", "tabindex": 0, "role": "region", "aria-label": said}, *children)


def join(*parts: str) -> Markup:
    """The parts one after the other, escaped where they are not `Markup`."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def _value(value: object) -> str:
    """An attribute's text; lengths keep two decimals, which is a hundredth of a pixel."""
    return escape(f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value))
