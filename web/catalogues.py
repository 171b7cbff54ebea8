"""Brings ``web/locale`` up to date with the texts of the portal: ``python web/catalogues.py``.

New texts come in empty and are to be translated, texts that are gone go. The source texts are
English, so that in ``en.po`` an empty text stands for the source itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.core import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from flowhqd.http.hours_form import SENTENCES
from flowhqd.http.texts import TITLES

WEB = Path(__file__).resolve().parent
ROOT = WEB.parent
LOCALE = WEB / "locale"
LANGUAGES = ("sw", "en")
KEYWORDS = {"_": None, "N_": None, "say": None, "ngettext": (1, 2)}
OPTIONS = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}


def sources() -> Iterator[tuple[Path, str]]:
    """The files that have texts, and how each is read."""
    templates = WEB / "templates"
    for path in [templates / "base.html", *sorted((templates / "portal").glob("*.html"))]:
        yield path, "jinja2.ext:babel_extract"
    for path in sorted((ROOT / "flowhqd/http/portal").rglob("*.py")):
        yield path, "python"


def collect() -> Catalog:
    """Every text there is, untranslated."""
    catalogue = Catalog(charset="utf-8", fuzzy=False)
    for path, method in sources():
        name = path.relative_to(ROOT).as_posix()
        for line, message, _, context in extract_from_file(method, path, KEYWORDS, (), OPTIONS):
            catalogue.add(message, None, [(name, line)], context=context)
    # Shared with the admin's pages, which are in English.
    for sentence in SENTENCES:
        catalogue.add(sentence, None, [("flowhqd/http/hours_form.py", 1)])
    for title in TITLES.values():
        catalogue.add(title, None, [("flowhqd/http/texts.py", 1)])
    return catalogue


def read(language: str) -> Catalog:
    """A language's texts as they are."""
    with (LOCALE / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def update(language: str, collected: Catalog) -> int:
    """Bring a language's file up to date; how many of its texts have no translation."""
    path = LOCALE / f"{language}.po"
    catalogue = read(language) if path.exists() else _empty(language)
    # A translation that is guessed from a similar text would have to be found by a person.
    catalogue.update(collected, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.header_comment = f"# flowhqd's portal in {Locale.parse(language).english_name}."
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, include_lineno=False, sort_by_file=True)
    return sum(1 for message in catalogue if message.id and not message.string)


def _empty(language: str) -> Catalog:
    return Catalog(
        locale=language,
        project="flowhqd",
        version="1",
        msgid_bugs_address="flowhqd",
        last_translator="flowhqd",
        language_team="flowhqd",
        fuzzy=False,
    )


def main() -> None:
    """Update every language."""
    collected = collect()
    for language in LANGUAGES:
        print(f"web/locale/{language}.po: {update(language, collected)} texts without translation")


if __name__ == "__main__":
    main()
