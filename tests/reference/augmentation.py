"""Resampled images for plugins/training/src/augment/affine.rs.

    pip install torch
    python tests/reference/augmentation.py > plugins/training/tests/fixtures/affine.json

A picture is turned counter-clockwise as seen, then scaled, then shifted (right and down, in shares of its
width and height), all about its center. In PyTorch's words: `affine_grid` with the way back, in coordinates
that count pixels, and `grid_sample`.
"""

import json
import math

import torch
from torch.nn import functional as F


def case(generator, shape, degrees, scale, shift):
    images = torch.rand(shape, generator=generator, dtype=torch.float64)
    height, width = shape[2:]
    angle = math.radians(degrees)
    # x to the right, y down: counter-clockwise as seen.
    turn = torch.tensor(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]], dtype=torch.float64
    )
    forward = torch.eye(3, dtype=torch.float64)
    forward[:2, :2] = scale * turn
    forward[:2, 2] = torch.tensor([shift[0] * width, shift[1] * height])
    to_pixels = torch.diag(torch.tensor([width / 2, height / 2, 1.0], dtype=torch.float64))
    back = torch.linalg.inv(to_pixels) @ torch.linalg.inv(forward) @ to_pixels
    theta = back[:2].expand(shape[0], 2, 3)
    grid = F.affine_grid(theta, shape, align_corners=False)
    output = F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return {
        "shape": list(shape),
        "degrees": degrees,
        "scale": scale,
        "shift": shift,
        "input": [round(value, 6) for value in images.flatten().tolist()],
        "output": [round(value, 6) for value in output.flatten().tolist()],
    }


generator = torch.Generator().manual_seed(2019)
cases = [
    case(generator, (1, 2, 8, 8), 90.0, 1.0, [0.0, 0.0]),
    case(generator, (1, 1, 9, 9), -17.0, 1.0, [0.0, 0.0]),
    case(generator, (1, 1, 8, 8), 0.0, 1.25, [0.0, 0.0]),
    case(generator, (1, 1, 8, 8), 0.0, 0.8, [0.1, -0.2]),
    case(generator, (2, 2, 10, 6), 33.0, 1.1, [-0.05, 0.08]),
]
print(json.dumps({"cases": cases}))
