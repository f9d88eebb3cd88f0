"""Names that begin with another word than net: two nets in one program."""

import subprocess
from pathlib import Path

import pytest
import torch
from tests.native.small import SIZE, images, logits, network

from tombola.errors import RequestError
from tombola.native.folder import layers_of, prepared, write_program
from tombola.native.loading import load
from tombola.native.lowering import lower
from tombola.native.naming import named

BOTH = r"""
#include <stdio.h>
#include <stdlib.h>
#include "first/first.h"
#include "second/second.h"
static void *read_file(const char *name, size_t size) {
    void *data = aligned_alloc(64, (size + 63) / 64 * 64);
    FILE *file = fopen(name, "rb");
    return fread(data, 1, size, file) == size ? data : NULL;
}
int main(int count, char **sizes) {
    if (count != 3) return 3;
    size_t one = (size_t)atoll(sizes[1]), two = (size_t)atoll(sizes[2]);
    size_t bytes = first_arena(1, 1), more = second_arena(2, 1);
    struct first_net *a;
    struct second_net *b;
    if (first_start(&a, read_file("first/net.dat", one), one, malloc(bytes), bytes, 1, 1) != FIRST_OK) return 1;
    if (second_start(&b, read_file("second/net.dat", two), two, malloc(more), more, 2, 1) != SECOND_OK) return 2;
    static float image[FIRST_IMAGE], logits[2][SECOND_CLASSES];
    for (int i = 0; i < FIRST_IMAGE; i++) image[i] = 0.5f;
    if (first_run(a, image, 1, logits[0]) || second_run(b, image, 1, logits[1])) return 4;
    for (int i = 0; i < 2 * FIRST_CLASSES; i++) printf("%.8f\n", (double)logits[i / FIRST_CLASSES][i % FIRST_CLASSES]);
    first_stop(a), second_stop(b);
    return 0;
}
"""


def write(out: Path, prefix: str) -> None:
    """The small network with another prefix."""
    program = lower(prepared(network(), SIZE))
    write_program(program, layers_of(program), out, target="plain", values="float32", prefix=prefix)


@pytest.mark.slow
def test_two_nets_in_one_program(tmp_path: Path) -> None:
    for prefix in ("first", "second"):
        write(tmp_path / prefix, prefix)
    (tmp_path / "both.c").write_text(BOTH)
    command = ["gcc", "-std=gnu11", "-Og", "-Wall", "-Wextra", "-Werror", "-ffp-contract=fast", "-pthread", "-I."]
    subprocess.run([*command, "both.c", "first/net.c", "second/net.c", "-o", "both", "-lm"], cwd=tmp_path, check=True)
    sizes = [str((tmp_path / prefix / "net.dat").stat().st_size) for prefix in ("first", "second")]
    done = subprocess.run(["./both", *sizes], cwd=tmp_path, check=True, capture_output=True, text=True)
    found = torch.tensor([float(line) for line in done.stdout.split()]).reshape(2, -1)
    wanted = logits(torch.full((1, *SIZE), 0.5))
    assert torch.allclose(found, wanted.expand(2, -1), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_python_and_make_know_the_prefix(tmp_path: Path) -> None:
    write(tmp_path / "net", "little")
    with load(tmp_path / "net") as net:
        assert torch.allclose(net(images()), logits(images()), rtol=1e-4, atol=1e-5)
    subprocess.run(["make", "CFLAGS=-Og"], cwd=tmp_path / "net", check=True, capture_output=True)
    done = subprocess.run(["./example"], cwd=tmp_path / "net", check=True, capture_output=True, text=True)
    assert done.stdout.startswith("class ")
    for name in ("little.h", "example.c", "classify.c", "pictures.h", "README.txt", "Makefile"):
        assert "net_" not in (tmp_path / "net" / name).read_text()


def test_a_prefix_that_names_something_else_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="would name conv_run twice"):
        write(tmp_path / "net", "conv")
    with pytest.raises(RequestError, match=r"would name pictures\.h twice"):
        write(tmp_path / "net", "pictures")
    assert not (tmp_path / "net").exists()


def test_only_public_names_are_changed() -> None:
    text = '#include "net.h"\nint net_run(struct net *n); /* NET_OK, NET_WIDTH, planet_run, net.dat */'
    assert named(text, "a") == '#include "a.h"\nint a_run(struct a_net *n); /* A_OK, NET_WIDTH, planet_run, net.dat */'
    assert named(text, "net") is text
