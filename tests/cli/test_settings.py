"""Options by their path: a name that is set leaves what is set of its options, in whatever order they come."""

import pytest

from tombola.cli.settings import settings
from tombola.errors import RequestError


def test_a_name_and_its_options_come_in_any_order() -> None:
    both = {"fit": {"preset": "dac", "optimizer": {"lr": 0.5}}}
    assert settings(["fit=dac", "fit.optimizer.lr=0.5"]) == both
    assert settings(["fit.optimizer.lr=0.5", "fit=dac"]) == both, "as flags come before what is set by hand"
    assert settings(["a=1", "a=2"]) == {"a": 2}, "of one path the last"
    assert settings(["objective.eps=0.1"], objective="adversarial") == {
        "objective": {"name": "adversarial", "eps": 0.1}
    }


def test_an_option_of_what_has_none_is_refused() -> None:
    with pytest.raises(RequestError, match=r"size\.side: size is 8 and has no options"):
        settings(["size.side=3", "size=8"])
