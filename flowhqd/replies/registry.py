"""The templates there are, by name; other packages add theirs by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points

from flowhqd.replies.template import Template

ENTRY_POINTS = "flowhqd.templates"
"""The entry-point group in which a package names its Template objects."""

FALLBACK = "FALLBACK"
"""The template of a tenant without a configuration, and of one whose template is not installed."""

_templates: dict[str, Template] = {}


def register(template: Template) -> Template:
    """Make a template available under its name; ValueError when the name is taken."""
    if _templates.setdefault(template.name, template) is not template:
        raise ValueError(f"there already is a template named {template.name}")
    return template


def get(name: str) -> Template:
    """The template with this name, or the fallback template."""
    return _templates.get(name) or _templates[FALLBACK]


def names() -> tuple[str, ...]:
    """The templates a tenant can choose, in alphabetical order."""
    return tuple(sorted(_templates.keys() - {FALLBACK}))


def load_installed() -> list[str]:
    """Register the templates of installed packages; call it once, at start.

    A package that cannot be loaded does not stop the others: the result has one line for each,
    naming the entry point and what is wrong.
    """
    problems = []
    for point in entry_points(group=ENTRY_POINTS):
        try:
            template = point.load()
            if not isinstance(template, Template):
                raise TypeError(f"{point.value} is not a Template")
            register(template)
        except Exception as error:
            problems.append(f"template {point.name}: {error}")
    return problems
