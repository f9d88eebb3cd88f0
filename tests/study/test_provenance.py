"""What a row, a report and a finished stage say of where a number comes from."""

from pathlib import Path

from tests.study.toys import STUDY

from tombola import machine
from tombola.models.origin import Origin
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


def test_a_finished_stage_says_where_the_weights_it_left_are_from(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert run(Study.of({**ONE, "measure": ["density"]}), store).exit_code == 0
    said = {manifest.stage: manifest.origin for manifest in store.manifests()}
    of_tickets = said["draw"]
    assert of_tickets is not None
    assert Origin(**{name: of_tickets[name] for name in Origin.model_fields}).source["width"] == 0.25
    assert said["pretrain"] == of_tickets
    assert said["measure"] is None
