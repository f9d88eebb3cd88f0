"""The finding in words."""

from tests.report.rows import demo_about, demo_rows, row

from tombola.report.about import About
from tombola.report.curves import read_results
from tombola.report.headline import findings, headline
from tombola.rows import Row


def said(rows: list[Row], about: About | None = None) -> str:
    return headline(read_results(rows), about or About())


def sparse(*leads: float) -> list[Row]:
    """A contest of sparse networks alone."""
    return contest(*leads, sparsities=(0.5, 0.9, 0.95))


def contest(*leads: float, axis: str = "prior", sparsities: tuple[float, ...] = (0.0, 0.5, 0.9)) -> list[Row]:
    return [
        Row(
            cell={axis: name, "draw.sparsity": s},
            seed=seed,
            property="accuracy",
            metric="accuracy",
            value=50.0 + (lead if name == "robust" else 0.0),
            samples=100,
        )
        for s, lead in zip(sparsities, leads, strict=False)
        for name in ("natural", "robust")
        for seed in range(3)
    ]


def two_seeds(rows: list[Row], at: float = 0.0) -> list[Row]:
    """The rows, with one seed less at one sparsity."""
    return [one for one in rows if one.seed < 2 or one.cell["draw.sparsity"] != at]


def test_it_counts_wins() -> None:
    assert said(sparse(2, 2, -1)) == "The robust prior wins 2 of 3 settings, the natural prior 1."
    assert said(sparse(2, 0, 0)) == "The robust prior wins 1 of 3 settings; 2 are matches."
    assert said(two_seeds(sparse(2, 2), at=0.9)) == "The robust prior wins 1 of 2 settings; 1 is undecided."
    assert said(sparse(2, 2, 2)) == "The robust prior wins all 3 settings."
    assert said(sparse(2, 2)) == "The robust prior wins both settings."
    assert said(contest(2)) == "The robust prior wins the one setting."


def test_the_dense_networks_are_no_tickets_and_win_nothing() -> None:
    assert said(contest(2, -1, -1)) == "The natural prior wins both sparse settings."
    assert said(contest(2, -1)) == "The natural prior wins the one sparse setting."


def test_the_wins_of_two_measures_are_not_added_up() -> None:
    def by(metric: str, rows: list[Row]) -> list[Row]:
        return [one.model_copy(update={"property": metric, "metric": metric}) for one in rows]

    rows = by("accuracy", sparse(-2, 0, -2)) + by("adversarial_accuracy", sparse(2, 2, 2))
    assert said(rows, About(task="digits")) == (
        "On digits, by accuracy, the natural prior wins 2 of 3 settings; 1 is a match. By adversarial accuracy, the"
        " robust prior wins all 3 settings."
    )
    rows += by("ood_auroc", sparse(1, 1, 1)) + by("mean_iou", sparse(1, 1, 1))
    assert said(rows).endswith("wins all 3 settings. 2 more measures are below.")


def test_it_names_the_task_and_the_axis() -> None:
    assert said(contest(2, 2), About(task="digits")).startswith("On digits, the robust prior")
    assert said(contest(2, 2, axis="draw.scheme")) == "Scheme robust wins the one sparse setting."


def test_it_says_when_nothing_is_decided() -> None:
    text = said(two_seeds(contest(2)))
    assert text.startswith("Nothing is decided: no prior's lead stands out from seeds and test samples in the one")
    assert said(sparse(0, 0)) == "The natural prior and the robust prior match in 2 settings."


def test_without_a_contest_it_tells_the_course() -> None:
    rows = [row(v, 0, prior="a", draw__sparsity=s) for s, v in ((0.0, 94.0), (0.9, 81.26))]
    assert said(rows) == "Accuracy goes from 94.0 % at 0 % sparsity to 81.3 % at 90 %."
    assert said([]) == "Nothing has been measured yet."
    assert said([row(1.0)]) == "1 value measured."


def test_the_findings_go_along_the_sparsities() -> None:
    assert findings(read_results(contest(2, 0, -1))) == [("accuracy", "robust at 0 %; match at 50 %; natural at 90 %")]
    assert len(findings(read_results(demo_rows()))) == 4


def test_the_demo_finding_is_a_sentence() -> None:
    text = said(demo_rows(), demo_about())
    assert text.startswith("On digits, by accuracy, ")
    assert " By adversarial accuracy, the robust prior wins all 8 sparse settings." in text
