"""The message path: dedup, chat queues, limits, decision, ledger, sender, catch-up."""
