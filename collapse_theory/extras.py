"""Packages that only some modules need: where one is missing, the error says what to install."""

from contextlib import contextmanager

__all__ = ["needing"]


@contextmanager
def needing(extra):
    """Wraps imports of packages of an extra.

    extra : the extra of collapse_theory that installs them

    Raises ImportError with the command that installs them if one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "collapse_theory"):
            raise
        command = f'pip install "collapse_theory[{extra}]"'
        raise ImportError(f"{package} is not installed, which this needs: {command}", name=error.name) from error
