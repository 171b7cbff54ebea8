"""What flowhqd counts for monitoring (Prometheus); nothing of a tenant, a chat or a person.

Every label has few values: states, reasons, routes as they are registered. Counters start at 0 with
the daemon. What is counted inside a transaction stays counted when that is rolled back.
"""

from __future__ import annotations

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

# When a counter was made says nothing that process_start_time_seconds does not.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

MESSAGES = Counter(
    "flowhqd_messages",
    "Messages by what became of them; RECEIVED and QUEUED are where they begin.",
    ["direction", "outcome"],
    registry=REGISTRY,
)
REPLY_SECONDS = Histogram(
    "flowhqd_reply_seconds",
    "From a customer's message in the log to its reply known to have left.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 1800),
    registry=REGISTRY,
)
RECONNECTS = Counter(
    "flowhqd_reconnects",
    "Sessions that were lost and are tried again, by why.",
    ["reason"],
    registry=REGISTRY,
)
HTTP_REQUESTS = Counter(
    "flowhqd_http_requests",
    "Requests by the route that answered them.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
LOOP_LAG = Histogram(
    "flowhqd_event_loop_lag_seconds",
    "How much later than asked the event loop came back, looked at twice a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    registry=REGISTRY,
)

# These are looked at when somebody asks.
TENANTS = Gauge("flowhqd_tenants", "Tenants by status.", ["status"], registry=REGISTRY)
SESSIONS = Gauge("flowhqd_sessions", "WhatsApp sessions by state.", ["state"], registry=REGISTRY)
WORKERS = Gauge("flowhqd_workers", "Workers by status.", ["status"], registry=REGISTRY)
QUEUED = Gauge("flowhqd_queued_messages", "Messages that wait for their answer.", registry=REGISTRY)
QUEUED_CHATS = Gauge("flowhqd_queued_chats", "Chats in which they wait.", registry=REGISTRY)
BROWSERS = Gauge("flowhqd_browsers", "Running Chromiums.", registry=REGISTRY)
BROWSER_BYTES = Gauge(
    "flowhqd_browser_memory_bytes", "Memory of all Chromiums and their pages.", registry=REGISTRY
)
POOL = Gauge(
    "flowhqd_database_connections", "Connections of the pool.", ["state"], registry=REGISTRY
)
POOL_MAX = Gauge(
    "flowhqd_database_connections_max", "Connections the pool may have.", registry=REGISTRY
)


def exposition() -> bytes:
    """Everything in Prometheus's text format."""
    return prometheus_client.generate_latest(REGISTRY)
