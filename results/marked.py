"""`filled`: what stands between two marks of a page, made anew."""


def filled(page: str, name: str, inside: str) -> str:
    """The page with ``inside`` between ``<!-- name -->`` and ``<!-- /name -->``, and all else as it was.

    Raises `ValueError` for a page without the two marks, in this order.

    >>> filled("a <!-- t -->old<!-- /t --> b", "t", "new")
    'a <!-- t -->\\nnew\\n<!-- /t --> b'
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, first, rest = page.partition(begin)
    _, last, tail = rest.partition(end)
    if not (first and last):
        raise ValueError(f"the page has no {begin} with {end} behind it; put both where the table belongs")
    return f"{head}{begin}\n{inside}\n{end}{tail}"
