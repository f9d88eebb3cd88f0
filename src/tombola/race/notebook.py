"""What a race has found out that no stage of a study keeps: its pace and what was known before training.

It lies in the folder that is made, so that the same command goes on after a kill with the same numbers.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from tombola.disks import written
from tombola.errors import RequestError
from tombola.race.finish import Timed

NAME: Final = "race.json"


@dataclass
class Notebook:
    """``request`` says whose it is; ``known`` holds times by entrant, and ``impossible`` why others have none.

    ``step`` is seconds of one step of training, ``looked`` those it took to look at the dense net; ``seconds`` is how
    long all of it took, which is of the budget, as trainings are.
    """

    file: Path
    request: str
    step: float = 0.0
    looked: float = 0.0
    steps: int = 0
    known: dict[str, Sequence[Timed]] = field(default_factory=dict)
    impossible: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @classmethod
    def opened(cls, folder: Path, request: str) -> Self:
        """That of a folder which is empty, or in which the same request was at work; another folder is refused."""
        if folder.exists() and not folder.is_dir():
            raise RequestError(f"-o {folder}: is a file; name a folder that is not there yet")
        file = folder / NAME
        if not file.is_file():
            if folder.is_dir() and any(folder.iterdir()):
                raise RequestError(f"-o {folder}: is not empty; name another folder, or empty it")
            return cls(file, request)
        try:
            told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            known: dict[str, Sequence[Timed]] = {
                label: [Timed(**one) for one in timed] for label, timed in told["known"].items()
            }
            found = cls(
                file,
                str(told["request"]),
                float(told["step"]),
                float(told["looked"]),
                int(told["steps"]),
                known,
                dict(told["impossible"]),
                float(told["seconds"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RequestError(f"{file}: cannot be read ({error}); remove the folder, or name another") from None
        if found.request != request:
            raise RequestError(
                f"-o {folder}: holds what another request made (other data, model or options); name another folder"
            )
        return found

    def forget(self) -> None:
        """Leave nothing behind, so that another request may have the folder."""
        self.file.unlink(missing_ok=True)
        with suppress(OSError):  # it holds other things
            self.file.parent.rmdir()

    def keep(self) -> None:
        """Write it down, whole."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        told = {
            "request": self.request,
            "step": self.step,
            "looked": self.looked,
            "steps": self.steps,
            "known": {label: [asdict(one) for one in timed] for label, timed in self.known.items()},
            "impossible": self.impossible,
            "seconds": self.seconds,  # not rounded: the same command again must tell the same minutes
        }
        with written(self.file) as beside:
            beside.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
