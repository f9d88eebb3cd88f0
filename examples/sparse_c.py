"""A ticket as C that multiplies its survivors only: written, built with the C compiler here, and called from Python."""

import tempfile
from pathlib import Path

import torch

import tombola
from tombola import native

model = tombola.Source.parse("resnet20").load()
ticket = tombola.draw(model, {"name": "omp", "sparsity": 0.9, "pattern": "stripe:4", "prunable": "cv_lth"})

folder = Path(tempfile.mkdtemp()) / "net"
to = {"name": "native", "size": 32, "values": "float16"}
for file in tombola.export(model, ticket, to, folder):
    print(f"{file.name}: {file.stat().st_size:,} bytes")
print((folder / "checked.txt").read_text().strip())

images = torch.rand(16, 3, 32, 32)
with native.load(folder, threads=2, batch=8, profile=True) as net:
    logits = net(images)
    print(f"{tuple(logits.shape)} logits, {net.arena_bytes:,} bytes of memory, {net.vector} floats a vector")
    for layer in sorted(net.layers(), key=lambda layer: -layer.seconds)[:3]:
        print(f"{layer.name}: {layer.survivors} of {layer.total} weights, {1e6 * layer.seconds:.0f} microseconds")
