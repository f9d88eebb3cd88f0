"""Escaping by construction."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from tombola.report.markup import Markup, join, tag

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="￾￿"))


@given(TEXT, TEXT)
def test_any_text_comes_back_from_an_element(words: str, value: str) -> None:
    element = ET.fromstring(tag("p", {"title": value}, words))
    assert (element.text or "") == words
    assert element.get("title") == value


def test_markup_stays_and_strings_are_quoted() -> None:
    assert join(Markup("<b></b>"), "<b>") == "<b></b>&lt;b&gt;"
    assert tag("i", {"a": None, "b": 1.50, "c": 2}) == '<i b="1.5" c="2"></i>'
    assert tag("br") == "<br/>"
