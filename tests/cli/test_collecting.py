"""Garbage is first looked for late, then as ever."""

import gc

from tombola.cli.collecting import LOADED, collect_late


def test_after_the_first_search_all_is_as_it_was() -> None:
    usual, listening = gc.get_threshold(), list(gc.callbacks)
    collect_late()
    assert gc.get_threshold() == (LOADED, *usual[1:])
    gc.collect(0)
    assert (gc.get_threshold(), gc.callbacks) == (usual, listening)
