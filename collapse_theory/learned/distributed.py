"""Processes that compute as one, each on its part of every batch: torch's process group, and sums over it.

`torchrun` starts the processes, `torch.distributed.init_process_group` makes their group. Nothing is exchanged outside
of `together`, which `train` enters by itself. Processes are numbered from 0, as torch's ranks.
"""

import hashlib
import json
from contextlib import contextmanager

import torch
from torch import distributed as torch_distributed
from torch.nn import functional
from torch.overrides import TorchFunctionMode

__all__ = [
    "add_gradients",
    "agreed",
    "apart",
    "check_same",
    "copy_from_first",
    "count",
    "gathered",
    "joined",
    "largest",
    "launched",
    "message",
    "moments",
    "number",
    "part_of",
    "summed",
    "together",
    "total",
]


class _Exchange:
    """The group of those that are together; nobody else holds it, so that it ends when it is forgotten."""

    group, device = None, torch.device("cpu")


def launched():
    """(processes in torch's process group, the number of this one); (1, 0) if there is none."""
    if not (torch_distributed.is_available() and torch_distributed.is_initialized()):
        return 1, 0
    return torch_distributed.get_world_size(), torch_distributed.get_rank()


def count():
    """How many processes compute as one now: 1 outside of `together`."""
    return 1 if _Exchange.group is None else launched()[0]


def number():
    """Which of them this process is, from 0."""
    return 0 if _Exchange.group is None else launched()[1]


@contextmanager
def together(device="cpu"):
    """Inside, all processes of torch's process group compute as one; without a group nothing is different.

    Whatever normalises by the statistics of a batch takes those of the parts of all processes, with their gradients:
    the layers of this package, and every `torch.nn.functional.batch_norm`. All processes must therefore run the same
    layers in the same order, forwards and backwards. If one leaves by an exception, or ends, the others get a
    RuntimeError where they wait for it.
    device : of what is exchanged; NCCL wants the GPU of the process
    """
    if launched()[0] == 1 or _Exchange.group is not None:
        yield
        return
    _Exchange.group, _Exchange.device = torch_distributed.new_group(), torch.device(device)
    try:
        with _BatchNormalization():
            yield
    finally:
        torch_distributed.destroy_process_group(_Exchange.group)
        _Exchange.group = None


@contextmanager
def apart():
    """Inside of `together`, a process is alone again."""
    group, _Exchange.group = _Exchange.group, None
    try:
        yield
    finally:
        _Exchange.group = group


def moments(mean, variance, size):
    """Mean and variance of the numbers of all processes, from those of the numbers here, with their gradients.

        m = Σ n_r m_r / Σ n_r        v = Σ n_r (v_r + (m_r − m)²) / Σ n_r

    mean : of any shape; None where the variance is about 0
    variance : of that shape, divided by the number
    size : how many numbers there are here, of each entry

    Returns (mean, variance, size), of all.
    Raises RuntimeError if another process has ended.
    """
    if count() == 1:
        return mean, variance, size
    means = variance.new_zeros(variance.shape) if mean is None else mean
    own = torch.cat([means.flatten(), variance.flatten(), variance.new_tensor([size])])
    before, after = own.new_zeros((number(), len(own))), own.new_zeros((count() - 1 - number(), len(own)))
    rows = summed(torch.cat([before, own[None], after]))
    means, variances = rows[:, :-1].view(count(), 2, *variance.shape).unbind(1)
    sizes = rows[:, -1].detach().view(-1, *[1] * variance.ndim)
    shares = sizes / sizes.sum()
    whole = (shares * means).sum(0)
    variance = (shares * (variances + (means - whole).square())).sum(0)
    return (None if mean is None else whole), variance, int(sizes.sum())


def summed(tensor):
    """The sum of a tensor over all processes, with its gradient: that of the sum of their losses.

    Raises RuntimeError if another process has ended.
    """
    return tensor if count() == 1 else _Sum.apply(tensor)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor):
        return _reduced(tensor.clone())

    @staticmethod
    def backward(ctx, gradient):
        return _reduced(gradient.clone())


def add_gradients(parameters):
    """Let the gradient of each of these parameters be the sum of those of all processes; none if none has one.

    Raises RuntimeError if another process has ended.
    """
    parameters = list(parameters)
    if count() == 1 or not parameters:
        return
    there = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int64, device=_Exchange.device)
    with torch.no_grad():
        some = [p for p, any_has in zip(parameters, _reduced(there).tolist(), strict=True) if any_has]
        for parameter in some:
            parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        _each(_reduced, [parameter.grad for parameter in some])


def copy_from_first(tensors):
    """Let tensors, of which each process has as many alike, have the numbers that the first process has.

    Raises RuntimeError if another process has ended.
    """
    if count() > 1:
        with torch.no_grad():
            _each(_sent, list(tensors))


def largest(*integers):
    """Of each integer the largest that any process has.  Raises RuntimeError if another process has ended."""
    if count() == 1:
        return integers
    found = torch.tensor(integers, dtype=torch.int64, device=_Exchange.device)
    return tuple(_reduced(found, torch_distributed.ReduceOp.MAX).tolist())


def total(integer):
    """The sum of an integer over all processes.  Raises RuntimeError if another process has ended."""
    return integer if count() == 1 else int(_reduced(torch.tensor(integer, device=_Exchange.device)))


def joined(tensor):
    """The numbers of all processes side by side, along the last axis; a process may have more of them than another.

    Raises RuntimeError if another process has ended.
    """
    if count() == 1:
        return tensor
    sizes, process = gathered(tensor.shape[-1]), number()
    return summed(functional.pad(tensor, (sum(sizes[:process]), sum(sizes[process + 1 :]))))


def message(content):
    """Bytes of the first process, for all of them; elsewhere `content` is not looked at.

    Raises RuntimeError if another process has ended.
    """
    return content if count() == 1 else _message(content, 0)


def agreed(value):
    """What the first process has as `value`, which is anything that JSON holds.

    Raises RuntimeError if another process has ended.
    """
    return value if count() == 1 else json.loads(message(json.dumps(value).encode()))


def gathered(value):
    """A list of what each process has as `value`, which is anything that JSON holds.

    Raises RuntimeError if another process has ended.
    """
    if count() == 1:
        return [value]
    return [json.loads(_message(json.dumps(value).encode(), process)) for process in range(count())]


def check_same(name, value):
    """Raise ValueError in each process unless all have the same `value`, which is anything that JSON holds."""
    if count() == 1:
        return
    digests = gathered(hashlib.sha256(json.dumps(value).encode()).hexdigest())
    other = next((process for process, digest in enumerate(digests) if digest != digests[0]), None)
    if other is not None:
        raise ValueError(f"{name}: expected the same in all {count()} processes, got another in process {other}")


def part_of(index, parts):
    """What this process has of each of so many parts of a batch: a list of slices of `index`, (n,).

    There are no more parts than leave an image for each process.
    """
    parts = max(1, min(parts, len(index) // count()))
    return [part.tensor_split(count())[number()] for part in index.tensor_split(parts)]


def _message(content, source):
    size = torch.tensor([len(content or b"")], dtype=torch.int64, device=_Exchange.device)
    size = int(_sent(size, source))
    mine = number() == source
    body = torch.frombuffer(bytearray(content), dtype=torch.uint8) if mine and size else torch.empty(size).byte()
    return bytes(_sent(body.to(_Exchange.device), source).cpu().numpy()) if size else b""


def _each(exchange, tensors):
    """Exchange tensors in place, all of one kind in one."""
    kinds = {}
    for tensor in tensors:
        kinds.setdefault((tensor.dtype, tensor.device), []).append(tensor)
    for alike in kinds.values():
        whole = exchange(torch.cat([tensor.reshape(-1) for tensor in alike]))
        for tensor, values in zip(alike, whole.split([t.numel() for t in alike]), strict=True):
            tensor.copy_(values.view_as(tensor))


def _reduced(tensor, operation=None):
    real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    with _telling():
        torch_distributed.all_reduce(real, operation or torch_distributed.ReduceOp.SUM, group=_Exchange.group)
    return tensor


def _sent(tensor, source=0):
    real = torch.view_as_real(tensor) if tensor.is_complex() else tensor
    with _telling():
        torch_distributed.broadcast(real, source, group=_Exchange.group)
    return tensor


@contextmanager
def _telling():
    try:
        yield
    except RuntimeError as error:
        why = str(error).strip().split("\n")[0][:200]
        raise RuntimeError(f"another process of the training has ended, or cannot be reached: {why}") from error


class _BatchNormalization(TorchFunctionMode):
    """Batch normalisation in training, of any network: by the statistics of all processes."""

    def __torch_function__(self, function, types, arguments=(), options=None):
        if function is functional.batch_norm and count() > 1:
            return _batch_norm(*arguments, **(options or {}))
        return function(*arguments, **(options or {}))


def _batch_norm(
    input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):  # the names are those of `functional.batch_norm`
    if not training:
        return functional.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    x = input.float() if input.dtype in (torch.float16, torch.bfloat16) else input
    variance, mean = torch.var_mean(x, [0, *range(2, x.ndim)], correction=0)
    mean, variance, size = moments(mean, variance, x.numel() // x.shape[1])
    if size < 2:
        raise ValueError(f"expected more than 1 value per channel when training, got {tuple(input.shape)}")
    with torch.no_grad():
        if running_mean is not None:
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
        if running_var is not None:
            running_var.lerp_((variance * (size / (size - 1))).to(running_var.dtype), momentum)
    scale = torch.rsqrt(variance + eps) * (1 if weight is None else weight)
    shift = (0 if bias is None else bias) - mean * scale
    sides = (-1, *[1] * (x.ndim - 2))
    return torch.addcmul(shift.view(sides), x, scale.view(sides)).to(input.dtype)
