"""A ticket from any nn.Module, saved, shown, and put back into a fresh copy of the model."""

import torch
import torchvision

import tombola

body = torchvision.models.mobilenet_v3_small(num_classes=10)
model = tombola.Network(body, tombola.Normalise((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), source="my mobilenet")

# Only pointwise convolutions, the same share of each layer.
scheme = {"name": "omp", "sparsity": 0.8, "budget": "uniform", "prunable": r"re:.*\.block\.\d\.0\.weight"}
ticket = tombola.draw(model, scheme)
print(ticket.summary().text().splitlines()[1])

path = ticket.save("mobilenet.ticket", overwrite=True)
print(f"{path}: {path.stat().st_size:,} bytes; dense: {sum(p.numel() * 4 for p in body.parameters()):,}")

again = tombola.Ticket.load(path)
again.apply(body)
assert again.masks == ticket.masks
assert all(bool((body.get_parameter(name)[~mask] == 0).all()) for name, mask in again.masks.items())
print(body(torch.rand(2, 3, 64, 64)).shape)
