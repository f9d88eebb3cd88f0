"""Claims about texts are judged as the protocol says, on rows made up for them."""

from results.evidence.judges_of_texts import (
    CONTROLS,
    learned_over_lucky,
    level_by_level,
    matches_between,
    no_early_gain,
    prompts_transfer,
    ticket_over_controls,
    words_serve,
)

from tombola.rows import Row, Scalar


def rows(metric: str, values: tuple[float, ...], **cell: Scalar) -> list[Row]:
    told = {"property": metric, "metric": metric, "unit": "%", "samples": 1_000_000}
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


def asked(at: float, found: str, *values: float) -> list[Row]:
    """A prompt a split, asked of the net of that sparsity."""
    return [
        row
        for split, value in enumerate(values)
        for row in rows("accuracy", (value,), draw__sparsity=at, prompt=f"split {split}, found at {found}")
    ]


def test_a_prompt_of_the_dense_model_serves_where_it_is_hardly_worse() -> None:
    back = [*asked(0.0, "0%", 80, 81, 82), *asked(0.0, "20%", 70, 71.1, 72), *asked(0.0, "30%", 60, 61, 62.1)]
    own = [*asked(0.2, "20%", 70, 71, 72), *asked(0.3, "30%", 60, 61, 62)]
    near = [*asked(0.2, "0%", 69, 70.1, 71), *asked(0.3, "0%", 61, 62.1, 63)]
    found = prompts_transfer([*back, *own, *near])
    assert (found.leaning, found.must, found.runs) == ("for", 2, 21)
    assert [told.partition(" (")[0] for told in found.numbers] == ["back, 20%: -9.97", "back, 30%: -19.97"]
    far = [*asked(0.2, "0%", 60, 61.1, 62), *asked(0.3, "0%", 61, 62.1, 63)]
    assert prompts_transfer([*back, *own, *far]).leaning == "against"


def tickets(**lost: tuple[float, float]) -> list[Row]:
    """Of each task the dense net, and tickets of 50 and 90 % that are below it by so much."""
    made = []
    for task, (half, most) in lost.items():
        for sparsity, away in ((0.0, 0.0), (0.5, half), (0.9, most)):
            values = (90 - away, 91 - away, 92.1 - away)
            made += rows("matthews" if task == "cola" else "accuracy", values, task=task, draw__sparsity=sparsity)
    return made + rows("accuracy", (1, 2, 3), task="cola", draw__sparsity=0.5)


def test_the_sparsest_match_is_bracketed_by_intervals() -> None:
    found = matches_between(tickets(sst2=(0.1, 20.0), cola=(0.5, 20.0)))
    assert (found.leaning, found.sum, found.p) == ("for", "sparsest match: cola 50 %, sst2 50 %", None)
    assert matches_between(tickets(sst2=(0.1, 20.0), cola=(9.0, 20.0))).leaning == "against", "none matches on CoLA"
    assert matches_between(tickets(sst2=(0.1, 0.1), cola=(0.5, 20.0))).leaning == "against", "90 % still matches"
    assert matches_between(tickets(sst2=(1.0, 20.0), cola=(0.5, 20.0))).leaning == "open", "within a std of the bar"


def served(words: float, sst2: float) -> list[Row]:
    """Own tickets are at 80; those of masked words and of SST-2 are so far from them, one shot is own on RTE alone."""
    made = []
    for task in ("sst2", "mrpc", "rte"):
        drawn = {
            "words": 80 + words,
            "one shot": 80.0,
            "sst2": 80 + sst2 * (task != "sst2"),
            "mrpc": 80.0,
            "dense": 99.0,
        }
        if task == "rte":
            drawn["mrpc"] = 75.0
        for source, value in drawn.items():
            made += rows("accuracy", (value, value + 1, value + 2), task=task, **{"drawn on": source})
    return [
        row.model_copy(update={"value": row.value + 0.1 * (row.seed == 1)}) if row.cell["drawn on"] == "words" else row
        for row in made
    ]


def test_masked_words_serve_as_many_targets_as_any_task_does() -> None:
    found = words_serve(served(3.0, -3.0))
    assert (found.leaning, found.p) == ("for", None)
    assert "masked words 3 shown, 3 possible; mrpc 1 shown, 1 possible; sst2 0 shown, 0 possible" in found.sum
    assert found.numbers == ("by the means alone, as the paper counts: words 3, mrpc 1, sst2 0",)
    assert words_serve(served(-3.0, 3.0)).leaning == "against"
    assert words_serve(served(0.05, 3.0)).leaning == "open", "all may be reached, and none is shown"


def rewound(tenth: float) -> list[Row]:
    made = rows("accuracy", (99, 99, 99), task="sst2", at="50%", **{"drawn from": "dense"})
    for level in ("50%", "70%"):
        for state, ahead in (("pretrained", 0.0), ("a tenth", tenth), ("a half", -2.0)):
            values = (80 + ahead, 81 + ahead, 82 + ahead + 0.1 * (state != "pretrained"))
            made += rows("accuracy", values, task="sst2", at=level, **{"drawn from": state})
    return made


def test_no_gain_is_shown_where_a_point_is_ruled_out_and_refuted_by_one_gain() -> None:
    assert no_early_gain(rewound(-0.5)).leaning == "for"
    gained = no_early_gain(rewound(1.5))
    assert (gained.leaning, gained.must) == ("against", 4)
    wide = [row.model_copy(update={"value": row.value + 3 * (row.seed == 2) * (row.cell["drawn from"] == "a tenth")})
            for row in rewound(0.2)]  # fmt: skip
    assert no_early_gain(wide).leaning == "open", "neither a gain nor its absence"
