"""What the adviser knows, and its page of regrets, are what the studies' rows give."""

from results.adviser.__main__ import PAGE, everything, page, shipped_text

from tombola.advising.known import SHIPPED, shipped


def test_what_is_shipped_and_the_page_are_the_rows() -> None:
    known = everything()
    assert shipped() == known
    assert SHIPPED.read_text(encoding="utf-8") == shipped_text(known)
    assert PAGE.read_text(encoding="utf-8") == page(known)
    tasks = {one.task for one in known}
    assert tasks == {"cifar10", "fashion-mnist", "caltech101", "dtd10", "imagenette", "digits"}
    assert {one.features.gap is not None for one in known if one.task == "dtd10"} == {True}
