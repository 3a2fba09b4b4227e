"""Training steps on a GPU: eager, compiled and as a CUDA graph, beside residual networks; the share of its peak."""

import statistics
import time

import torch
from torch.nn.functional import cross_entropy

from collapse_theory.learned import resnet18, resnet20, scattering_network
from collapse_theory.learned.precision import in_precision, products_in

from .steps import flops

__all__ = ["gpu_lines"]

_NETWORKS = {
    "1/8, with skip": lambda: scattering_network(width=1 / 8, skip=True),
    "1/4, without skip": lambda: scattering_network(width=1 / 4),
    "1/4, with skip": lambda: scattering_network(width=1 / 4, skip=True),
    "full, without skip": scattering_network,
    "full, with skip": lambda: scattering_network(skip=True),
    "ResNet-20": resnet20,
    "ResNet-18": lambda: resnet18(classes=10),
}
_WAYS = ("eager", "compiled", "CUDA graph")
_PRECISIONS = ("float32", "bfloat16 products", "bfloat16")
_EPOCH, _BATCHES = 50_000, (128, 512)


def gpu_lines():
    """Lines of Markdown: the GPU and what it can do at most, then a row for each network, batch, precision and way."""
    peaks, bandwidth = {name: _rate(name) for name in _PRECISIONS}, _bandwidth()
    told = ", ".join(f"{name} {rate / 1e12:.0f} TFLOP/s" for name, rate in peaks.items())
    lines = [f"{torch.cuda.get_device_name()}, torch {torch.__version__}: {told}, copy {bandwidth / 1e9:.0f} GB/s.", ""]
    lines += ["| network | batch | precision | way | ms | images/s | share of the peak | MiB | epochs in 10 minutes |"]
    lines += ["|---" * 9 + "|"]
    for name, make in _NETWORKS.items():
        for batch in _BATCHES:
            for precision in _PRECISIONS:
                for way in _WAYS:
                    lines.append(_line(name, make, batch, precision, way, peaks[precision]))
    return lines


def _line(name, make, batch, precision, way, peak):
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    try:
        network = make().cuda()
        seconds = _seconds(_step(network, batch, precision, way))
    except Exception as error:  # the other rows are worth having
        return f"| {name} | {batch} | {precision} | {way} | {type(error).__name__}: {str(error).splitlines()[0]} |||||"
    share = f"{100 * batch * flops(network) / seconds / peak:.0f} %" if hasattr(network, "architecture") else ""
    memory, rate = torch.cuda.max_memory_allocated() / 2**20, batch / seconds
    cells = [name, str(batch), precision, way, f"{1000 * seconds:.3g}", f"{rate:.0f}", share, f"{memory:.0f}"]
    return f"| {' | '.join([*cells, f'{600 * rate / _EPOCH:.1f}'])} |"


def _step(network, batch, precision, way):
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    x, labels = torch.randn((batch, 3, 32, 32), device="cuda"), torch.arange(batch, device="cuda") % 10
    called = torch.compile(network) if way == "compiled" else network

    def step():
        optimizer.zero_grad(set_to_none=False)
        with products_in(precision, "cuda"):
            with in_precision(precision, "cuda"):
                logits = called(x)
            cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    if way != "CUDA graph":
        return step
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def _seconds(function, least=1.0):
    """Seconds per call: the median of groups of ten calls, over at least so many seconds, after three warm calls."""
    for _ in range(3):
        function()
    torch.cuda.synchronize()
    found, end = [], time.perf_counter() + least
    while len(found) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(10):
            function()
        torch.cuda.synchronize()
        found.append((time.perf_counter() - start) / 10)
    return statistics.median(found)


def _rate(precision):
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    matrix = torch.randn((8192, 8192), device="cuda").to(dtype)
    with products_in(precision, "cuda"):
        return 2 * len(matrix) ** 3 / _seconds(lambda: matrix @ matrix)


def _bandwidth():
    block = torch.empty(2**28, device="cuda")
    return 2 * 4 * block.numel() / _seconds(block.clone)
