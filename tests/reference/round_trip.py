"""timm's weights through ichflow and back into timm: is every tensor the same?

    pip install torch timm safetensors
    cargo build --release -p ichflow-networks --example resave
    python tests/reference/round_trip.py target/release/examples/resave

Every network of `networks_macs.py` is made by timm with random weights of a seed, with its 1000 classes, written as
safetensors, read and written by ichflow (which first starts a stage from the file, then loads all of it), and loaded
into a second network of timm.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import timm
import torch
from networks_macs import MODELS
from safetensors.torch import load_file, save_file


def main():
    with tempfile.TemporaryDirectory() as directory:
        given, back = Path(directory) / "given.safetensors", Path(directory) / "back.safetensors"
        for stage, variant, name in MODELS:
            torch.manual_seed(1)
            model = timm.create_model(name)
            for key, value in model.state_dict().items():
                # Statistics and scales start at 0 and 1: draw them too.
                if value.is_floating_point() and value.ndim == 1:
                    value.uniform_(0.5, 1.5)
            state = {k: v.clone() for k, v in model.state_dict().items() if "num_batches" not in k}
            save_file(state, given)
            command = [sys.argv[1], stage, given, back, *([variant] if variant else [])]
            subprocess.run(command, check=True)
            result = load_file(back)
            assert set(result) == set(state), set(result) ^ set(state)
            different = [key for key, value in state.items() if not torch.equal(value, result[key])]
            assert not different, different
            missing, unexpected = timm.create_model(name).load_state_dict(result, strict=False)
            assert not unexpected and all("num_batches" in key for key in missing)
            print(f"{name}: {len(state)} tensors, all equal")


if __name__ == "__main__":
    main()
