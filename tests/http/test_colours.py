"""The colours of the design system can be read, in light and in dark (WCAG 2.2 AA)."""

from __future__ import annotations

import re

import pytest

from flowhqd.resources import resource

STYLE = resource("web/static/flowhqd.css").read_text()
SCHEMES = dict(
    zip(("light", "dark"), re.findall(r":root \{([^}]*--ground[^}]*)\}", STYLE), strict=True)
)
SURFACES = ("ground", "card", "sunken")
TONES = ("good", "busy", "bad", "idle")
TEXT = [
    *((ink, surface) for ink in ("ink", "soft", "accent") for surface in SURFACES),
    *((tone, f"{tone}-ground") for tone in TONES),
    *((tone, surface) for tone in TONES for surface in SURFACES),
    ("accent", "accent-ground"),
    ("on-accent", "accent"),
    ("ground", "ink"),
]
CONTROLS = [("edge", surface) for surface in SURFACES]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, as WCAG defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_contrast(scheme: str) -> None:
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", SCHEMES[scheme]))

    def contrast(one: str, other: str) -> float:
        low, high = sorted(luminance(colours[name]) for name in (one, other))
        return (high + 0.05) / (low + 0.05)

    too_weak = {
        (scheme, *pair): round(contrast(*pair), 2)
        for pairs, least in ((TEXT, 4.5), (CONTROLS, 3.0))
        for pair in pairs
        if contrast(*pair) < least
    }
    assert not too_weak


def test_both_schemes_name_the_same_colours() -> None:
    light, dark = (
        set(re.findall(r"--([a-z-]+): #", SCHEMES[scheme])) for scheme in ("light", "dark")
    )
    assert light == dark
