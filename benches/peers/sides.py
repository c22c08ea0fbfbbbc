"""The two sides of a comparison of speed: ichflow's `ichflow-speed`, asked a line at a time, and PyTorch.

Both train on the same made-up batch with Adam and binary cross-entropy, or go forward alone. An answer has the
`seconds` of every step and the seconds that processors computed for all of them (`cpu`), or an `error`.
"""

import json
import os
import subprocess
import time

import torch


def model(network, channels_last=True):
    """A network of timm by the name of ichflow's stage."""
    import timm

    name = {"efficientnet-b0": "efficientnet_b0"}.get(network, network.replace("-", "_"))
    net = timm.create_model(name, pretrained=False, num_classes=6)
    return net.to(memory_format=torch.channels_last) if channels_last else net


class Ichflow:
    """A running `ichflow-speed`."""

    def __init__(self, program, threads=None):
        environment = dict(os.environ)
        if threads:
            environment["RAYON_NUM_THREADS"] = str(threads)
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, **question):
        """The answer to a question (benches/speed/src/main.rs)."""
        print(json.dumps(question), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            return {"error": f"ended with {self.process.wait()}"}
        return json.loads(line)


class Torch:
    """PyTorch in this process."""

    def __init__(self, compiled=False):
        self.compiled = compiled

    def ask(self, network, size, batch, train, steps, warm, device, precision="f32", **_):
        """The same of PyTorch."""
        try:
            return self._steps(network, size, batch, train, steps, warm, device, precision)
        except Exception as error:  # out of memory, no compiler: the table says so
            return {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
        finally:
            if device.startswith("cuda"):
                torch.cuda.empty_cache()

    def _steps(self, network, size, batch, train, steps, warm, device, precision):
        torch.manual_seed(1)
        net = model(network).to(device)
        net.train(train)
        optimiser = torch.optim.Adam(net.parameters(), lr=1e-4)
        images = torch.randn(batch, 3, size, size, device=device).to(memory_format=torch.channels_last)
        truth = (torch.arange(batch * 6, device=device).reshape(batch, 6) % 3 == 0).float()
        forward = torch.compile(net) if self.compiled else net
        short = torch.autocast(device.split(":")[0], dtype=torch.bfloat16, enabled=precision == "bf16")
        found = []
        for step in range(warm + steps):
            if step == warm:
                before = time.process_time()
            begun = time.perf_counter()
            if train:
                optimiser.zero_grad(set_to_none=True)
                with short:
                    logits = forward(images)
                loss = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), truth)
                loss.backward()
                optimiser.step()
                loss.item()
            else:
                with torch.inference_mode(), short:
                    forward(images).sum().item()
            if device.startswith("cuda"):
                torch.cuda.synchronize()
            if step >= warm:
                found.append(time.perf_counter() - begun)
        return {"seconds": found, "cpu": time.process_time() - before}


def rate(answer, batch):
    """Images a second of the quickest step, or nothing."""
    return batch / min(answer["seconds"]) if answer.get("seconds") else None


def cost(answer, batch):
    """Milliseconds that processors compute for an image, or nothing."""
    return 1000 * answer["cpu"] / (batch * len(answer["seconds"])) if answer.get("cpu") else None
