"""What stands between two marks is made anew, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from results.marked import filled

PAGE = "before\n<!-- native -->\nold\n<!-- /native -->\nafter <!-- other --><!-- /other -->\n"


def test_the_rest_of_the_page_stays() -> None:
    found = filled(PAGE, "native", "| a | \\1 |")
    assert found == PAGE.replace("old", "| a | \\1 |")
    assert filled(found, "other", "x").startswith(found.partition("<!-- other")[0])


@given(st.text(alphabet="ab|\n\\ "))
def test_twice_is_once(inside: str) -> None:
    assert filled(filled(PAGE, "native", inside), "native", inside) == filled(PAGE, "native", inside)


@pytest.mark.parametrize("page", ["", "<!-- t -->", "<!-- /t --> <!-- t -->"])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match=r"the page has no <!-- t --> with <!-- /t --> behind it"):
        filled(page, "t", "x")
