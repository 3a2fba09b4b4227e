"""The audit of any network: what each layer does to the classes, found in one pass and one bounded memory."""

from .report import Audit
from .whole import audit

__all__ = ["Audit", "audit"]
