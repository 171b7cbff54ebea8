"""FALLBACK: a tenant without a configuration, or with a template that is not installed."""

from __future__ import annotations

from flowhqd.replies.registry import FALLBACK
from flowhqd.replies.template import Template

TEMPLATE = Template.load(FALLBACK)
