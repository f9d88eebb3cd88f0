"""What attacks say they cost, where one is made of others; that each costs what it says is in the contract suite."""

from typing import Any

from torch import Tensor

from tombola.attacks._base import Attack


def test_the_suites_of_autoattack_add_up() -> None:
    standard = Attack.parse("autoattack").passes(10)
    parts = ({"name": "apgd"}, {"name": "apgd_t"}, {"name": "fab_t"}, {"name": "square"})
    alone = [Attack.parse(part).passes(10) for part in parts]
    assert standard == sum(passes + 1 for passes in alone if passes is not None) + 4
    assert standard is not None
    assert standard > 9000
    assert (Attack.parse({"name": "autoattack", "suite": "plus"}).passes(10) or 0) > standard


def test_a_member_that_says_nothing_makes_what_holds_it_unknown() -> None:
    class Silent(Attack):
        def perturb(self, *args: Any, **options: Any) -> Tensor:
            raise NotImplementedError

    silent = Silent()
    assert silent.passes(10) is None
