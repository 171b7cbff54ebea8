"""ECOMMERCE: shops that sell and deliver over WhatsApp."""

from __future__ import annotations

from flowhqd.replies.template import Rule, Template

TEMPLATE = Template.load(
    "ECOMMERCE",
    rules=(
        Rule("order_status", then="noted"),
        Rule("payment", then="noted"),
        Rule("delivery", then="noted"),
        Rule("prices", then="noted"),
        Rule("hours"),
        Rule("location"),
        Rule("orders", then="noted"),
        Rule("stock", then="noted"),
    ),
)
