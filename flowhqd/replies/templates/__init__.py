"""The templates that ship, one module each, and their registration."""

from __future__ import annotations

from flowhqd.replies.registry import register
from flowhqd.replies.templates import booking, ecommerce, fallback, support

for _module in (booking, ecommerce, support, fallback):
    register(_module.TEMPLATE)
