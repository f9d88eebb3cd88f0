"""The suites are those of the reference, number by number."""

from tombola.attacks.autoattack import AutoAttack


def attacks(suite: str) -> object:
    return AutoAttack.parse({"name": "autoattack", "suite": suite}).budget()["attacks"]


def test_the_suites_are_the_published_ones() -> None:
    assert attacks("standard") == (
        "apgd_ce(steps=100), apgd_t(goals=9, steps=100), fab_t(goals=9, steps=100), square(queries=5000)"
    )
    assert attacks("plus") == (
        "apgd_ce(restarts=5, steps=100), apgd_dlr(restarts=5, steps=100), fab(restarts=5, steps=100),"
        " square(queries=5000), apgd_t(goals=9, steps=100), fab_t(goals=9, steps=100)"
    )
    assert attacks("rand") == "apgd_ce(eot_iter=20, steps=100), apgd_dlr(eot_iter=20, steps=100)"
    assert attacks("lite") == "apgd_ce(steps=30), apgd_t(goals=3, steps=30), square(queries=200)"
