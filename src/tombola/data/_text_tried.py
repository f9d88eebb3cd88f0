"""Small tables of made-up texts: what sets of texts are tried with."""

import json
from pathlib import Path
from typing import Final

_WORDS: Final = ("river", "stone", "paper", "light", "window", "garden", "winter", "letter")
_ENDS: Final = {"calm": "slept quietly", "loud": "shouted !"}


def table(folder: Path, name: str = "texts.jsonl") -> Path:
    """A table of 48 different texts in two classes."""
    rows = [{"text": text, "label": label} for label in _ENDS for text in sentences(label)]
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def sentences(label: str, count: int = 24) -> list[str]:
    """Different texts, of three lengths, whose last words tell their class."""
    some = len(_WORDS)
    return [
        f"the {_WORDS[number % some]}{' again' * (number % 3)} and the"
        f" {_WORDS[(number // some + number + 1) % some]} {_ENDS[label]}"
        for number in range(count)
    ]


def scored(folder: Path, name: str = "scored.jsonl") -> Path:
    """A table of 48 texts with a number each: how often a word stands in them, and four more where they are loud."""
    rows = [
        {"text": text, "label": text.count("again") + more}
        for label, more in (("calm", 0.0), ("loud", 4.0))
        for text in sentences(label)
    ]
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def asked_about(folder: Path, name: str = "asked.json", count: int = 16) -> Path:
    """A file of passages in SQuAD 1.1's layout, two questions each."""
    paragraphs = []
    for place, text in enumerate(sentences("calm", count)):
        passage = f"{text} before the {_WORDS[place % 8]} box number {place} was found"
        answers = {"what was found": "box number", "what came before": _WORDS[place % 8]}
        asked = [
            {
                "id": f"{place}-{number}",
                "question": f"{question} ?",
                "answers": [{"text": answer, "answer_start": passage.rindex(answer)}],
            }
            for number, (question, answer) in enumerate(answers.items())
        ]
        paragraphs.append({"context": passage, "qas": asked})
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = {"version": "1.1", "data": [{"title": "made up", "paragraphs": paragraphs}]}
    file.write_text(json.dumps(whole), encoding="utf-8")
    return file
