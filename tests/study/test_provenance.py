"""What a row, a report and a finished stage say of where a number comes from."""

from pathlib import Path

from tests.study.toys import STUDY

from tombola import machine
from tombola.rows import Row, read_rows
from tombola.study.run import run, write_result
from tombola.study.store import Store
from tombola.study.study import Study

ONE = {**STUDY, "axes": {"seed": [0]}, "draw": {"name": "omp", "sparsity": 0.5}}


def test_rows_and_the_report_say_in_which_precision_was_trained(tmp_path: Path) -> None:
    transfer = {"name": "finetune", "fit": {"epochs": "1it", "batch": 20, "precision": "bfloat16"}}
    store = Store(tmp_path / "store")
    result = run(Study.of({**ONE, "transfer": transfer, "measure": ["accuracy", "density"]}), store)
    assert result.exit_code == 0
    write_result(result.rows, tmp_path / "rows.jsonl")
    said = {row.property: row.precision for row in read_rows(tmp_path / "rows.jsonl")}
    assert said == {"accuracy": "bfloat16 and float32", "density": "float32"}
    facts = result.facts(store)
    assert facts["precision"] == "bfloat16 and float32"
    assert machine.processor() in facts["machine"]["processor"]
    assert facts["machine"]["instructions"] == machine.instructions()
    assert {manifest.machine["processor"] for manifest in store.manifests()} == {facts["machine"]["processor"]}


def test_a_row_of_before_is_written_as_it_was() -> None:
    line = (
        '{"better":"higher","cell":{},"detail":{},"key":"","metric":"a","property":"a","samples":1,"seed":0,"study":"",'
        '"unit":"","value":1.0}'
    )
    assert Row.model_validate_json(line).json_line() == line
