"""BOOKING: salons, clinics, workshops; anyone who gives appointments."""

from __future__ import annotations

from flowhqd.replies.template import Rule, Template, choice
from flowhqd.replies.when import when

TEMPLATE = Template.load(
    "BOOKING",
    rules=(
        Rule("change", then="noted"),
        Rule("services", then="noted"),
        Rule("booking", find=(when, choice("service")), then="noted"),
    ),
)
