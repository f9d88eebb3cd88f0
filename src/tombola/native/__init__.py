"""Sparse nets as C: `load` runs a folder that ``tombola export --to native`` wrote."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tombola.native.loading import Net as Net
    from tombola.native.loading import load as load
    from tombola.native.loading_texts import TextNet as TextNet
    from tombola.native.loading_texts import load_texts as load_texts


def __getattr__(name: str) -> Any:
    """Loaded on need: numpy and a compiler are asked for only then."""
    if name in ("load", "Net"):
        from tombola.native import loading

        return getattr(loading, name)
    if name in ("load_texts", "TextNet"):
        from tombola.native import loading_texts

        return getattr(loading_texts, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
