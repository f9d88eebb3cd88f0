"""Claims about training a sparse net are judged as the protocol says, on rows made up for them."""

from results.evidence.judges_of_training import any_mask, part_helps

from tests.results.test_judges_of_texts import rows


def test_a_part_must_help_on_every_mask_and_at_every_sparsity() -> None:
    made = []
    for mask in ("random", "snip"):
        for sparsity in ("97%", "98%"):
            made += rows("accuracy", (40, 41, 42, 43, 44), mask=mask, sparsity=sparsity, part="plain")
            made += rows("accuracy", (42, 43, 44.1, 45, 46), mask=mask, sparsity=sparsity, part="soft")
            ghost = 42 if mask == "snip" else 40
            made += rows("accuracy", tuple(ghost + seed + seed % 2 / 10 for seed in range(5)), mask=mask,
                         sparsity=sparsity, part="ghost")  # fmt: skip
    found = part_helps("soft")(made)
    assert (found.leaning, found.must, found.runs) == ("for", 4, 40)
    assert part_helps("ghost")(made).leaning == "open"


def test_any_mask_is_every_mask_at_95_and_above() -> None:
    made = []
    for mask in ("random 95%", "snip 99%", "random 90%"):
        lost = 5.0 if mask.endswith("90%") else 0.0
        made += rows("accuracy", (40, 41, 42), mask=mask, training="plain")
        made += rows("accuracy", (42 - lost, 43.1 - lost, 44 - lost), mask=mask, training="ToST")
    found = any_mask(made)
    assert (found.leaning, [*found.leads]) == ("for", ["random 95%", "snip 99%"])
