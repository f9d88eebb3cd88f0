"""Boxes in files of one's own: a table, VOC's XML, COCO's JSON; and what is wrong, in words."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tombola.data._base import Splits
from tombola.data._box_files import BoxFiles
from tombola.data.box_folder import BoxFolder
from tombola.data.coco_boxes import CocoBoxes
from tombola.data.voc0712 import Voc0712
from tombola.data.voc_boxes import VocBoxes
from tombola.errors import DataError
from tombola.tasks._base import Task


def picture(file: Path, width: int = 20, height: int = 10) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(len(str(file))).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(file)


def table(folder: Path, text: str, name: str = "boxes.csv") -> BoxFolder:
    """A folder of five pictures of 20x10 with a table."""
    for number in range(5):
        picture(folder / f"{number}.png")
    (folder / name).write_text(text, encoding="utf-8")
    return BoxFolder(path=folder, height=10, width=20, val_fraction=0.3)


def every(dataset: BoxFiles) -> dict[str, list[list[float]]]:
    """The boxes of each image of all splits, by its name."""
    splits: Splits = dataset.load()
    found = {}
    for part in (splits.train, splits.val, splits.test):
        for index, boxes in enumerate(part.labels):
            found[part.title_of(index)] = boxes[boxes[:, 0] >= 0].tolist()
    return found


LINES = ("0.png,1,2,9,8,dog", "0.png,3,1,20,10,cat", "1.png,,,,,", "2.png,0,0,4,4,cat", "3.png,0,0,4,4,cat")
CSV = "\n".join(["file,left,top,right,bottom,class", *LINES, "4.png,1,1,5,5,dog", ""])


def coco(**of_the_box: Any) -> dict[str, Any]:
    """One box, and five images."""
    return {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(1, 5)],
        "annotations": [{"image_id": 1, "category_id": 3, "bbox": [1, 2, 8, 6], **of_the_box}],
        "categories": [{"id": 3, "name": "dog"}],
    }


def test_spaces_beside_commas_are_no_part_of_names(tmp_path: Path) -> None:
    dataset = table(tmp_path, CSV.replace(",", ", "))
    assert dataset.load().classes == ("cat", "dog")
    assert every(dataset)["0.png"] == [[1, 1, 2, 9, 8], [0, 3, 1, 20, 10]]


def test_shares_of_images_that_are_enlarged_are_refused(tmp_path: Path) -> None:
    shares = "file,left,top,right,bottom,class\n" + "".join(f"{number}.png,0.1,0.2,0.5,0.9,a\n" for number in range(5))
    with pytest.raises(DataError, match="seem to be shares of the image: write pixels"):
        table(tmp_path, shares).replace(height=80, width=80).load()


def test_a_csv_has_a_line_a_box_and_images_without_any(tmp_path: Path) -> None:
    dataset = table(tmp_path, CSV)
    found = every(dataset)
    assert found["0.png"] == [[1, 1, 2, 9, 8], [0, 3, 1, 20, 10]]
    assert (found["1.png"], len(found)) == ([], 5)
    assert dataset.load().classes == ("cat", "dog")
    assert every(dataset) == found


def test_other_names_of_columns_will_do_and_spreadsheets_marks(tmp_path: Path) -> None:
    other = "\ufefffilename,width,height,class,xmin,ymin,xmax,ymax\n" + "".join(
        f"{number}.png,20,10,cat,{number},2,9,8\n" for number in range(5)
    )
    assert every(table(tmp_path, other))["3.png"] == [[0, 3, 2, 9, 8]]


def test_a_json_says_the_same_and_so_does_cocos(tmp_path: Path) -> None:
    dog = {"class": "dog", "left": 1, "top": 2, "right": 9, "bottom": 8}
    mine = [{"file": f"{number}.png", "boxes": [dog] if number else []} for number in range(5)]
    one = every(table(tmp_path / "mine", json.dumps(mine), "boxes.json"))
    coco = {
        "images": [{"id": 7 * number, "file_name": f"{number}.png"} for number in range(5)],
        "annotations": [
            *({"image_id": 7 * number, "category_id": 3, "bbox": [1, 2, 8, 6]} for number in range(1, 5)),
            {"image_id": 0, "category_id": 3, "bbox": [0, 0, 9, 9], "iscrowd": 1},
        ],
        "categories": [{"id": 3, "name": "dog"}],
    }
    assert every(table(tmp_path / "coco", json.dumps(coco), "boxes.json")) == one
    assert one["1.png"] == [[0, 1, 2, 9, 8]]


def test_folders_of_splits_are_the_splits(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        table(tmp_path / split, CSV.replace("dog", "cat") if split == "test" else CSV)
    splits: Splits = BoxFolder(path=tmp_path, height=10, width=20).load()
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [5, 5, 5]
    assert splits.test.classes == ("cat", "dog")


def test_images_are_made_to_fit_with_their_boxes(tmp_path: Path) -> None:
    splits: Splits = table(tmp_path, CSV).replace(height=10, width=10).load()
    assert splits.test.pixels_at(torch.tensor([0])).shape == (1, 3, 10, 10)
    assert every(table(tmp_path, CSV).replace(height=10, width=10))["0.png"][0] == [1, 0.5, 1, 4.5, 4]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (CSV.replace("0,0,4,4", "0,0,four,4"), r"'four'; expected file,left,top,right,bottom,class"),
        ("file,left,top\n", r"no column class \(there are file, left, top\)"),
        (CSV.replace("2.png", "9.png"), "1 images are written of and not there, such as"),
        (CSV.replace("3,1,20,10", "nan,1,20,10"), r"0\.png has a box with an edge that is no number"),
        (CSV.replace("1,2,9,8", "9,2,1,8"), r"0\.png has a box whose right or bottom edge lies before"),
        ("file,left,top,right,bottom,class\n0.png,,,,,\n", "no image has a box"),
        (CSV.replace("1,2,9,8,dog", "1,2,9,8"), "line 2 has a box without class; expected file,left"),
        (CSV.replace("1,2,9,8,dog", "1,2,9,8, "), "line 2 has a box without class"),
        (CSV.replace("1,2,9,8,dog", "1,2,,8,dog"), "line 2 has a box without right"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError, match=says):
        table(tmp_path, text).load()


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{", "cannot be read"),
        ({"images": []}, "no list of images; expected"),
        ([{"file": "0.png"}], "no 'boxes'; expected"),
        ({"images": [], "annotations": [{"bbox": [1, 2], "image_id": 1}], "categories": []}, "expected"),
        (coco(image_id="1"), r"1 of 1 annotations are of image ids that images has not, such as '1' \(there are 1, 2,"),
        (coco(category_id=7), r"1\.png has a box of category 7; categories are 3 dog"),
    ],
)
def test_a_wrong_json_is_refused(tmp_path: Path, value: Any, says: str) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    with pytest.raises(DataError, match=says):
        table(tmp_path, text, "boxes.json").load()


def test_no_table_or_two_are_refused_and_no_folder(tmp_path: Path) -> None:
    two = table(tmp_path, CSV)
    (tmp_path / "more.json").write_text("[]")
    with pytest.raises(DataError, match=r"expected one \.csv .* found boxes\.csv, more\.json"):
        two.load()
    with pytest.raises(DataError, match="is no folder"):
        BoxFolder(path=tmp_path / "none").load()


def voc(folder: Path, *lists: str, difficult: str = "0") -> VocBoxes:
    """Five pictures, an object each from pixel 1 to 4, counted from 1; lists of splits as asked."""
    for number in range(5):
        picture(folder / "JPEGImages" / f"{number}.png")
        box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>4</ymax></bndbox>"
        (folder / "Annotations").mkdir(exist_ok=True)
        hard = difficult if number == 0 else "0"
        text = f"<annotation><object><name>cat</name><difficult>{hard}</difficult>{box}</object></annotation>"
        (folder / "Annotations" / f"{number}.xml").write_text(text)
    for place, name in enumerate(lists):
        (folder / "ImageSets" / "Main").mkdir(parents=True, exist_ok=True)
        (folder / "ImageSets" / "Main" / f"{name}.txt").write_text(f"{2 * place}\n{2 * place + 1} 1\n")
    return VocBoxes(path=folder, height=10, width=20, val_fraction=0.5)


def test_voc_counts_from_1_and_leaves_difficult_ones_out(tmp_path: Path) -> None:
    found = every(voc(tmp_path, difficult="1"))
    assert found["1.png"] == [[0, 0, 0, 4, 4]]
    assert (found["0.png"], len(found)) == ([], 5)


@pytest.mark.parametrize(
    ("lists", "counts"),
    [(("train", "val"), (1, 1, 2)), (("trainval", "test"), (1, 1, 2)), (("train", "test"), (1, 1, 2))],
)
def test_vocs_lists_are_its_splits(tmp_path: Path, lists: tuple[str, ...], counts: tuple[int, ...]) -> None:
    splits: Splits = voc(tmp_path, *lists).load()
    assert tuple(len(part) for part in (splits.train, splits.val, splits.test)) == counts
    assert {splits.test.title_of(0), splits.test.title_of(1)} == {"2.png", "3.png"}


@pytest.mark.parametrize("name", ["train", "trainval", "test"])
def test_a_list_alone_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=rf"has {name}\.txt and no list to judge on; write train"):
        voc(tmp_path, name).load()


def test_both_years_are_trained_on_and_2007_is_the_test(tmp_path: Path) -> None:
    for year, lists in ((2007, ("trainval", "test")), (2012, ("trainval",))):
        voc(tmp_path / "VOCdevkit" / f"VOC{year}", *lists)
    splits: Splits = Voc0712(root=tmp_path, height=10, width=20, val_fraction=0.25).load()
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [3, 1, 2]
    assert splits.test.labels.tolist() == [[[7, 0, 0, 4, 4]]] * 2, "cat is the eighth"
    assert Voc0712(root=tmp_path).identity() == Voc0712().identity()
    with pytest.raises(DataError, match=r"voc0712: no list trainval of 2007 .*VOC2012 there, or name"):
        Voc0712(root=tmp_path / "elsewhere").load()


def test_a_wrong_voc_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no Annotations with JPEGImages beside"):
        VocBoxes(path=tmp_path).load()
    dataset = voc(tmp_path)
    (tmp_path / "Annotations" / "9.xml").write_text("<annotation/>")
    with pytest.raises(DataError, match="there is no image 9 in JPEGImages"):
        dataset.load()
    (tmp_path / "Annotations" / "0.xml").write_text("<annotation><object><name>cat</name></object></annotation>")
    with pytest.raises(DataError, match=r"0\.xml: an object without a name or an edge"):
        dataset.load()


def test_coco_has_a_json_a_split_and_says_what_it_found(tmp_path: Path) -> None:
    dataset = CocoBoxes.examples(tmp_path)[0]
    splits: Splits = dataset.load()
    assert [len(part) for part in (splits.train, splits.val, splits.test)] == [11, 1, 12]
    assert splits.test.labels[3].tolist() == [[1, 3, 2, 9, 9]]
    (tmp_path / "coco" / "annotations" / "instances_val2017.json").unlink()
    with pytest.raises(DataError, match=r"expected one annotations/instances_val\*\.json; found none"):
        dataset.load()


def test_they_are_sets_of_the_task_and_a_copy_is_the_same_set(tmp_path: Path) -> None:
    one, other = (table(tmp_path / name, CSV) for name in ("here", "there"))
    for number in range(5):  # the same bytes
        (tmp_path / "there" / f"{number}.png").write_bytes((tmp_path / "here" / f"{number}.png").read_bytes())
    assert one.digest() == other.digest()
    options = {"height": 10, "width": 20, "val_fraction": 0.3}
    assert Task.parse({"name": f"detection:box_folder:{one.path}", **options}).answers.outputs == 6
    table(tmp_path / "there", CSV.replace("1,2,9,8", "1,2,9,9"))
    assert one.digest() != other.digest()
