"""A race whose nets a Ray cluster trains: the same comes out, and the cluster is one for all of it."""

import json
from typing import Any

import pytest
from tests.race.test_race import TOY, TOY_DENSE, TOYS, clocked
from tests.study.test_ray import cluster, cluster_test
from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.race import known
from tombola.race import race as racing
from tombola.study import shipping

__all__ = ["cluster"]
pytestmark = cluster_test


def made(name: str, *words: str) -> dict[str, Any]:
    """What one command tells, less its time."""
    always = ("--max-drop", "100", "--minutes", "60", "--json", "-o", name, "--store", f"{name}-store")
    result = CliRunner().invoke(app, ["make", *TOY, *always, *words])
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return {name: value for name, value in told.items() if name != "minutes"}


def test_what_is_made_is_what_is_made_here(cluster: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipping, "bench", clocked)
    monkeypatch.setattr(known, "bench", clocked)
    monkeypatch.setattr(racing, "dense", lambda **_: TOY_DENSE)
    monkeypatch.setattr(racing, "ladders", lambda **_: TOYS)
    assert made("there", "--runner", "ray") == made("here")
