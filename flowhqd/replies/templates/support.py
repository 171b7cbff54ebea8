"""SUPPORT: help for customers who already have the product or service."""

from __future__ import annotations

from flowhqd.replies.template import Rule, Template

TEMPLATE = Template.load(
    "SUPPORT",
    rules=(
        Rule("progress", then="noted"),
        Rule("help", then="noted"),
    ),
)
