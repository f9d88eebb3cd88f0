"""Claims about texts are judged as the protocol says, on rows made up for them."""

from results.evidence.judges_of_texts import CONTROLS, learned_over_lucky, level_by_level, ticket_over_controls

from tombola.rows import Row, Scalar


def rows(metric: str, values: tuple[float, ...], **cell: Scalar) -> list[Row]:
    told = {"property": metric, "metric": metric, "unit": "%", "samples": 100}
    at = {axis.replace("__", "."): level for axis, level in cell.items()}
    return [Row(cell=at, seed=seed, value=value, **told) for seed, value in enumerate(values)]


def test_a_ticket_leads_every_control_on_every_task_or_does_not_hold() -> None:
    made = []
    for task, metric in (("sst2", "accuracy"), ("cola", "matthews")):
        made += rows(metric, (90, 91, 92), task=task, drawn="ticket, 50%")
        for control in CONTROLS:
            made += rows(metric, (80, 81.1, 82), task=task, drawn=f"{control}, 50%")
    found = ticket_over_controls(made)
    assert (found.leaning, len(found.leads), found.must) == ("for", 6, 6)
    level = [
        row.model_copy(update={"value": 91.0}) if row.cell["drawn"] == "layers moved, 50%" else row for row in made
    ]
    assert ticket_over_controls(level).leaning == "open"


def test_level_by_level_must_lead_on_both_tasks() -> None:
    made = []
    for task, ahead in (("sst2", 3.0), ("mrpc", -3.0)):
        made += rows("accuracy", (80, 81, 82), task=task, scheme="one shot", draw__sparsity=0.7)
        made += rows("accuracy", (80 + ahead, 81.1 + ahead, 82 + ahead), task=task, scheme="level by level",
                     draw__sparsity=0.7)  # fmt: skip
    assert level_by_level(made).leaning == "against"
    assert level_by_level([row for row in made if row.cell["task"] == "sst2"]).leaning == "for"


def test_a_learned_prompt_is_judged_against_luck_where_log_odds_are_taken_off() -> None:
    made = []
    for search, first in (("rl", 70.0), ("random", 65.0), ("manual", 60.0), ("none", 75.0)):
        for calibrate, away in (("shots", 0.0), ("nothing", -20.0 if search == "rl" else 0.0)):
            values = (first + away, first + away + 1.1, first + away + 2)
            made += rows("accuracy", values, search=search, calibrate=calibrate, draw__sparsity=0.0)
    found = learned_over_lucky(made)
    assert (found.leaning, next(iter(found.leads))) == ("for", "rl over random")
    assert found.leads["rl over none"].sign == -1
