"""Result rows: one measured value with everything that says what it is, kept as JSON lines.

A row holds no paths, and times only where times were measured (``bench``, whose stage is kept like any other), so two
runs of the same study on one machine give the same bytes.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tombola.disks import written
from tombola.errors import RowError
from tombola.spec import canonical

Scalar: TypeAlias = bool | int | float | str | None


class Row(BaseModel):
    """One value of one property of one cell of a study."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    study: str = Field("", description="the study's name")
    cell: dict[str, Scalar] = Field(default_factory=dict, description="the axes' values, by axis")
    seed: int = Field(0, description="the cell's seed")
    property: str = Field(description="the property that was measured")
    metric: str = Field(description="which of its values this is")
    value: float = Field(description="the value")
    unit: str = Field("", description="'%', 'points', 'bytes', ...; empty for a plain number")
    better: str = Field("higher", description="'higher', 'lower' or 'neither'", pattern="^(higher|lower|neither)$")
    samples: int = Field(description="how many test samples stand behind it", ge=0)
    detail: dict[str, Scalar] = Field(default_factory=dict, description="the budget it was measured with")
    key: str = Field("", description="the key of the stage that measured it")
    precision: str = Field("", description="in which trained what was measured: float32, bfloat16; empty where untold")
    outcomes: str = Field("", description="which samples were told right (`tombola.outcomes`); empty where not kept")

    def json_line(self) -> str:
        """The row's one spelling as a line of JSON, without the newline."""
        untold = {name for name in ("precision", "outcomes") if not getattr(self, name)}
        return canonical(self.model_dump(mode="json", exclude=untold))


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows to ``path``, replacing it as a whole, one JSON object a line."""
    with written(path) as beside:
        beside.write_text("".join(row.json_line() + "\n" for row in rows), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """The rows of a file; a line that is not one is named by file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RowError(f"{path}: cannot be read as result rows ({error})") from None
    return [_read(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _read(path: Path, number: int, line: str) -> Row:
    try:
        return Row.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "line"
        raise RowError(f"{path}:{number}: not a result row ({where}: {first['msg']})") from None


def same(left: Mapping[str, Scalar], right: Mapping[str, Scalar], *, ignoring: Iterable[str] = ()) -> bool:
    """Whether two cells agree on every axis but those ignored."""
    skipped = set(ignoring)
    names = (set(left) | set(right)) - skipped
    return all(left.get(name) == right.get(name) for name in names)
