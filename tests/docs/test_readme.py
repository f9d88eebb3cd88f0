"""The README is short, says what the evidence says, and leads to what is there."""

import re
from typing import Final

import pytest
from tests.docs.shown import ROOT

import tombola

README: Final = (ROOT / "README.md").read_text("utf-8")


def test_it_takes_a_minute_to_read() -> None:
    assert len(README.splitlines()) <= 120


def test_the_claims_are_counted_as_the_evidence_has_them() -> None:
    evidence = " ".join((ROOT / "results" / "EVIDENCE.md").read_text("utf-8").split())
    found = re.search(r"Of \d+ claims with rows: [^.]+\.", evidence)
    assert found is not None
    assert found[0] in " ".join(README.split())


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/index.md"])
def test_what_is_linked_is_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    made = "reference/"  # by `make docs`
    assert [link for link in links if made not in link and not ((ROOT / page).parent / link).exists()] == []


def test_the_version_is_said_alike_everywhere() -> None:
    assert f'version = "{tombola.__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert f"version: {tombola.__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"## {tombola.__version__} (20" in (ROOT / "CHANGELOG.md").read_text("utf-8")
