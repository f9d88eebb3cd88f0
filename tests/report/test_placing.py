"""Names stand beside their points; in a crowd they go further off, with a line, before they cover anything."""

from itertools import combinations

from tombola.report.placing import Box, Placed, placed

LINE, WIDE = 15.0, 120.0
FRAME = (0.0, 0.0, 420.0, 300.0)


def box(one: Placed) -> Box:
    left = one.x - {"start": 0.0, "middle": WIDE / 2, "end": WIDE}[one.anchor]
    return left, one.y - LINE, left + WIDE, one.y


def apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_a_name_stands_right_of_its_point_and_left_of_one_at_the_edge() -> None:
    first, last = placed([(50, 100), (400, 200)], [WIDE, WIDE], LINE, FRAME, ())
    assert (first.x > 50, first.anchor, first.far) == (True, "start", False)
    assert (last.x < 400, last.anchor, last.far) == (True, "end", False)


def test_a_crowd_covers_neither_names_nor_points() -> None:
    points = [(50.0 + 9 * k, 100.0 + 2 * k) for k in range(8)]
    found = [box(one) for one in placed(points, [WIDE] * 8, LINE, FRAME, ())]
    assert all(apart(one, other) for one, other in combinations(found, 2))
    assert all(apart(name, (x - 2, y - 2, x + 2, y + 2)) for name in found for x, y in points)
    assert any(one.far for one in placed(points, [WIDE] * 8, LINE, FRAME, ()))


def test_a_name_gives_way_to_the_bar_of_another() -> None:
    bar = (100.0, 0.0, 102.0, 300.0)
    (one,) = placed([(90.0, 100.0)], [60.0], LINE, FRAME, [bar])
    assert one.anchor == "end"
