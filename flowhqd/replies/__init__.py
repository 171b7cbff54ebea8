"""What a business answers: pure, without a clock or I/O of its own once the texts are loaded."""

from __future__ import annotations

from flowhqd.replies import templates as templates
from flowhqd.replies.answering import answer, slow_down_text, wait_text
from flowhqd.replies.business import Business
from flowhqd.replies.hours import OpeningHours
from flowhqd.replies.inquiry import Answer, Inquiry, Silence
from flowhqd.replies.preview import preview
from flowhqd.replies.render import TextProblem, problem_of, render, validate_text

__all__ = [
    "Answer",
    "Business",
    "Inquiry",
    "OpeningHours",
    "Silence",
    "TextProblem",
    "answer",
    "preview",
    "problem_of",
    "render",
    "slow_down_text",
    "validate_text",
    "wait_text",
]
