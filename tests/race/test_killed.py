"""A race that is killed again and again leaves the folder of one that was not; two at once do each stage once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_change_nothing_and_two_at_once_share_their_stages(tmp_path: Path) -> None:
    places = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.race.killing", str(tmp_path / "home"), "20"],
        env={**os.environ, "PYTHONPATH": places, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["kills"]["kills"] == 20
    assert all(found["kills"]["same"]), found
    both = found["at_once"]
    assert (both["codes"], both["same"]) == ([0, 0], True)
    assert both["stages"] == both["different"] > 3
