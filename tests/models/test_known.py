"""Every model that is listed is one that the resolver takes."""

from typer.testing import CliRunner

from tombola.cli.main import app
from tombola.models.known import known_models
from tombola.models.own_names import OWN
from tombola.models.robust_grid import GRID
from tombola.models.source import Source


def test_whatever_is_listed_can_be_named() -> None:
    names = [name for name in known_models() if not any(sign in name for sign in "[:") or name.startswith("robust:")]
    named = [name for name in names if "NAME" not in name]
    assert len(named) == len(OWN) + len(GRID)
    assert all(Source.parse(name).name == name for name in named)


def test_the_command_line_lists_them() -> None:
    result = CliRunner().invoke(app, ["list", "models"])
    assert result.exit_code == 0
    assert "robust:resnet18-l2-eps3" in result.stdout
    assert "ImageNet, linf eps 4/255, top-1 63.86 %" in result.stdout
