"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """A warning lets flowhqd run, but worse than it could; a failure does not."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """``detail`` says what is there, ``cure`` in one line what to do; an ok finding has none."""

    name: str
    status: Status
    detail: str
    cure: str = ""


def ok(name: str, detail: str) -> Finding:
    return Finding(name, Status.OK, detail)


def warning(name: str, detail: str, cure: str) -> Finding:
    return Finding(name, Status.WARNING, detail, cure)


def failure(name: str, detail: str, cure: str) -> Finding:
    return Finding(name, Status.FAILURE, detail, cure)
