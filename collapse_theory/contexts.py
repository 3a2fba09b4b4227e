"""What the caller has told torch to do meanwhile: compile, trace, export, vectorise, compute in half precision.

Numbers must not depend on it, and nothing that is made under it may outlive it.
"""

import functools
import sys
from concurrent.futures import ThreadPoolExecutor

__all__ = ["apart", "holds", "is_recorded", "matmul", "uncompiled", "why_not_on_host"]


def _torch():
    """The module torch if it is imported. While another thread imports it, None: no array is torch's yet."""
    torch = sys.modules.get("torch")
    return torch if hasattr(torch, "compiler") else None


def is_recorded():
    """Whether torch writes down the operations on its tensors, to do them again on other numbers.

    So it does under torch.compile, torch.export, torch.jit.trace, make_fx, functionalize, fake tensors: what leaves
    torch is lost.
    """
    torch = _torch()
    if torch is None:
        return False
    if torch.compiler.is_compiling() or torch.jit.is_tracing():
        return True
    return getattr(torch._C, "_len_torch_dispatch_stack", int)() > 0 or _is_functionalized(torch)  # no public name


def _is_functionalized(torch):
    """Whether torch.func.functionalize is at work, whose tensors NumPy reads as memory that is not theirs."""
    stack = getattr(torch._C._functorch, "get_interpreter_stack", list)() or ()
    return any(transform.key().name == "Functionalize" for transform in stack)


def holds(condition):
    """Whether a 0-d boolean array is true; True where nobody can look at values.

    There are none to look at where operations are recorded, nor under torch.func.vmap and jax.jit.
    """
    if is_recorded():
        return True
    try:
        return bool(condition)
    except (RuntimeError, TypeError):  # of torch, and of JAX
        return True


def why_not_on_host(value):
    """What torch would lose if NumPy read this tensor, or one in a list of them; None if nothing."""
    torch = _torch()
    if isinstance(value, list | tuple):
        return next(filter(None, map(why_not_on_host, value)), None)
    if torch is None or not isinstance(value, torch.Tensor):
        return None
    if value.requires_grad:
        return "gradients, which it would lose; detach it"
    return "operations that torch records, which would become constants" if is_recorded() else None


def uncompiled(function):
    """`function`, called by torch.compile as it is: NumPy makes its filters, in caches that a compiler would spoil."""

    @functools.wraps(function)
    def call(*arguments, **options):
        torch = _torch()
        if torch is not None and torch.compiler.is_compiling():
            # Where torch may not go round it, its error shows the next line.
            plain = torch.compiler.disable(function, reason="NumPy makes filters: no fullgraph, no strict export")
            return plain(*arguments, **options)
        return function(*arguments, **options)

    return call


def matmul(a, b):
    """a @ b, as precise as they are: torch's autocast would multiply in half precision."""
    torch = _torch()
    where = a.device.type if torch is not None and isinstance(a, torch.Tensor) else None
    if where is None or not torch.amp.is_autocast_available(where) or not torch.is_autocast_enabled(where):
        return a @ b
    with torch.autocast(where, enabled=False):
        return a @ b


def apart(function, *arguments):
    """function(*arguments), in a thread of its own, since torch's modes hold for one thread alone."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function, *arguments).result()
