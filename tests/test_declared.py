"""Cards and options read from a member's file are those of the class that it holds; nothing of it is run."""

from pathlib import Path

import pytest

from tombola.cli import families
from tombola.declared import Undeclared, card_in, option_names_in, options_in
from tombola.errors import RequestError
from tombola.finding import file_of, source_of
from tombola.spec import options_of

COMPUTED = {
    ("objectives", "adversarial"),
    ("properties", "adversarial_accuracy"),
    ("properties", "size"),
    ("properties", "adv_glue"),
}
"""Members with a default that is another member, or a help that is computed: of these the class says it."""


@pytest.mark.parametrize("name", families.PACKAGES)
def test_what_a_file_declares_is_what_its_class_has(name: str) -> None:
    family = families.family(name)
    for member in family.names():
        file = file_of(source_of(name, families.PACKAGES[name], member))
        assert file is not None
        there = options_of(family.get(member))
        assert card_in(file) == family.card(member)
        assert option_names_in(file) == [option.name for option in there]
        if (name, member) in COMPUTED:
            with pytest.raises(Undeclared):
                options_in(file)
        else:
            assert options_in(file) == there, member


def test_a_file_that_is_no_python_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class (")
    with pytest.raises(RequestError, match=r"mine\.py: is no Python"):
        card_in(tmp_path / "mine.py")


def test_nothing_of_a_file_is_run(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text('"""A card."""\nraise SystemExit\n')
    assert card_in(tmp_path / "mine.py") == "A card."
