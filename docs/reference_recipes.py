"""A page a recipe: its card, what it takes, and the study it is as nothing else is said."""

from reference_cards import entries, plain

from tombola.recipes._lookup import recipe, recipe_card, recipe_choices, recipe_names


def pages() -> dict[str, str]:
    """By file name; the index among them."""
    found, links = {}, []
    for name in recipe_names():
        title, _, rest = recipe_card(name).partition("\n")
        file = f"{name.replace('/', '-')}.md"
        found[file] = _page(name, title, rest)
        links.append(f"- [{name}]({file}): {plain(title)}")
    head = "Studies with a name: `tombola plan NAME`, `tombola run NAME`. A file in `recipes/` of a folder on"
    found["index.md"] = f"# Recipes\n\n{head} `TOMBOLA_PATH` is one more.\n\n" + "\n".join(links) + "\n"
    return found


def _page(name: str, title: str, rest: str) -> str:
    choices = " --set scale=small" if "scale" in recipe_choices(name) else ""
    taken = [
        f"- `{key}`: {' or '.join(f'`{value}`' for value in choice.values)}; `{choice.default}` if not set"
        for key, choice in recipe_choices(name).items()
    ]
    parts = [f"# {name}", f"**{plain(title)}**", *map(plain, entries(rest)), *(["\n".join(taken)] if taken else [])]
    parts.append(f"```\ntombola plan {name}\ntombola run {name}{choices} --runner processes:2\n```")
    parts.append(f"The study as a file:\n\n```yaml\n{recipe(name).as_yaml()}```")
    return "\n\n".join(parts) + "\n"
