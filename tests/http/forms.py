"""The fields of a form, as a browser would send them."""

from __future__ import annotations

from html.parser import HTMLParser


def fields_of(page: str, action: str) -> dict[str, str]:
    """The fields of the first form of ``page`` whose action begins so; empty without one."""
    parser = _Form(action)
    parser.feed(page)
    return parser.fields


def written_on(page: str) -> set[str]:
    """The names of the fields in which one writes words."""
    parser = _Form("/")
    parser.feed(page)
    return parser.written


class _Form(HTMLParser):
    def __init__(self, action: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.written: set[str] = set()
        self._action = action
        self._inside = False
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, kind = given.get("name") or "", given.get("type") or "text"
        if tag == "form":
            self._inside = (given.get("action") or "").startswith(self._action)
        elif self._inside and tag == "input" and name:
            self.fields[name] = given.get("value") or ""
            if kind in ("text", "tel", "email", "date") and "hidden" not in given:
                self.written.add(name)
        elif self._inside and tag == "textarea":
            self._area = name
            self.fields[name] = ""
            self.written.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            # HTML drops the first line end of a textarea.
            self.fields[self._area] += data.removeprefix("\n")
