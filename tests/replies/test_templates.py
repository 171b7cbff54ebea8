"""Templates: what ships, how one is added, and what loading one refuses."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowhqd.replies import Answer, Business, Inquiry, answer, registry
from flowhqd.replies.template import Rule, Template
from flowhqd.states import Language, TemplateType

SATURDAY = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it: other tests count the templates that ship."""
    monkeypatch.setattr(registry, "_templates", dict(registry._templates))


def test_every_template_type_ships() -> None:
    assert set(registry.names()) >= set(TemplateType)
    assert registry.FALLBACK not in registry.names()
    for name in TemplateType:
        assert registry.get(name).name == name


def test_an_unknown_template_is_the_fallback() -> None:
    assert registry.get("NOT_INSTALLED").name == registry.FALLBACK


@pytest.mark.parametrize("name", [*TemplateType, registry.FALLBACK])
def test_both_languages_say_the_same_things(name: str) -> None:
    template = registry.get(name)
    swahili, english = template.texts(Language.SW), template.texts(Language.EN)
    assert swahili.keys() == english.keys()
    placeholder = re.compile(r"\{\{ \w+ \}\}")
    for key, body in swahili.items():
        assert set(placeholder.findall(body)) == set(placeholder.findall(english[key])), key


def write(directory: Path, swahili: str, english: str) -> Path:
    for language, body in (("sw", swahili), ("en", english)):
        (directory / language).mkdir()
        (directory / language / "bakery.toml").write_text(body, encoding="utf-8")
    return directory


CAKE = '[cake]\nkeywords = ["{word}"]\ntext = "{text} {{{{ business }}}}"\n'
SWAHILI = CAKE.format(word="keki", text="Karibu upate keki")
ENGLISH = CAKE.format(word="cake", text="Have a cake at")


def test_a_template_is_one_module_and_one_registration(tmp_path: Path) -> None:
    template = Template.load("BAKERY", (Rule("cake"),), write(tmp_path, SWAHILI, ENGLISH))
    assert registry.register(template) is template
    assert registry.register(template) is template
    with pytest.raises(ValueError, match="already is a template named BAKERY"):
        registry.register(dataclasses.replace(template))
    business = Business("Mkate", "BAKERY", Language.SW)
    said = answer(business, Inquiry("mna keki?", SATURDAY))
    assert isinstance(said, Answer)
    assert said.text == "Karibu upate keki Mkate"


@pytest.mark.parametrize(
    ("swahili", "english", "says"),
    [
        (SWAHILI + 'day = "{{ day }}"\n', ENGLISH, "in one language only: cake.day"),
        ("", "", "no text for cake"),
        (SWAHILI + '[bun]\ntext = "a"\n', ENGLISH + '[bun]\ntext = "a"\n', "no rule named bun"),
        (SWAHILI + 'day = "{{ when }}"\n', ENGLISH, "sw/bakery.toml: cake.day: body: line 1"),
        ("cake = 1", ENGLISH, "sw/bakery.toml: cake must be a table"),
        ("[cake", ENGLISH, "sw/bakery.toml: "),
        (SWAHILI + "day = 5\n", ENGLISH, "cake.day must be a string"),
        ('[cake]\nkeywords = "keki"\n', ENGLISH, "cake.keywords must be a list of strings"),
        ('[cake]\nkeywords = ["!"]\ntext = "a"\n', ENGLISH, "keyword '!'"),
        (
            SWAHILI + '[choices.item]\nbun = { said = "skonzi" }\n',
            ENGLISH,
            "in one language only: choices.item.bun",
        ),
        (SWAHILI + "[choices.item]\nbun = { }\n", ENGLISH, "choices.item.bun.said must be"),
    ],
)
def test_a_template_that_cannot_work_is_refused_when_it_loads(
    tmp_path: Path, swahili: str, english: str, says: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Template.load("BAKERY", (Rule("cake"),), write(tmp_path, swahili, english))


def unpack(guide: str, directory: Path) -> None:
    """Write the guide's files where it says, as installed: with the entry points' metadata."""
    for name, body in re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", guide, re.M | re.S):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")
    project = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = directory / f"flowhq_laundry-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    lines = [
        f"{name} = {value}" for name, value in project["entry-points"]["flowhqd.templates"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(["[flowhqd.templates]", *lines]))


def test_the_guides_example_works_as_shown(tmp_path: Path) -> None:
    unpack(GUIDE, tmp_path)
    shown = re.search(r"```text\n(.*?)^```$", GUIDE, re.M | re.S)
    assert shown
    run = subprocess.run(
        [sys.executable, tmp_path / "try.py"],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert run.stderr == ""
    assert run.stdout == shown[1]


def test_a_package_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[flowhqd.templates]\nmissing = no_such_module:TEMPLATE\nother = json:dumps\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    before = registry.names()
    missing, other = registry.load_installed()
    assert missing == "template missing: No module named 'no_such_module'"
    assert other == "template other: json:dumps is not a Template"
    assert registry.names() == before
