from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest

import flowhqd

REPOSITORY = Path(__file__).parents[2]
PARTS = ("flowhqd", "sql", "web", "pyproject.toml", "README.md", "LICENSE")
# Nothing listens there, so a build that asks the npm registry fails at once.
NO_NETWORK = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_fetch_retries": "0"}
IGNORED = shutil.ignore_patterns("__pycache__", "node_modules")


def build(source: Path, target: str, into: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into],
        cwd=source,
        # A cache of its own: npm would find what an earlier build fetched.
        env=os.environ | NO_NETWORK | {"npm_config_cache": str(into / "npm")},
        capture_output=True,
        text=True,
        check=False,
    )


def built(source: Path, target: str, into: Path) -> Path:
    done = build(source, target, into)
    assert done.returncode == 0, done.stdout + done.stderr
    [file] = into.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return file


def files(parents: Iterable[Path], relative_to: Path) -> set[str]:
    return {
        path.relative_to(relative_to).as_posix()
        for parent in parents
        for path in parent.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, with the assets that setting up has fetched."""
    assert (REPOSITORY / "web" / "vendor" / ".stamp").is_file(), "install the project first"
    copy = tmp_path_factory.mktemp("checkout")
    for part in PARTS:
        source = REPOSITORY / part
        if source.is_dir():
            shutil.copytree(source, copy / part, ignore=IGNORED)
        else:
            shutil.copy(source, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(checkout, "wheel", tmp_path_factory.mktemp("wheel"))


def test_a_wheel_fits_every_python_and_carries_every_file(checkout: Path, wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    directories = [path for path in (checkout / "web").iterdir() if path.is_dir()]
    wanted = {
        name if name.startswith("flowhqd/") else f"flowhqd/{name}"
        for name in files([checkout / "flowhqd", checkout / "sql", *directories], checkout)
        if "__pycache__" not in name
    }
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        [entry_points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        assert b"flowhqd = flowhqd.cli:main" in archive.read(entry_points)
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist())
    assert names == wanted


def test_what_comes_from_npm_brings_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        vendored = [name for name in archive.namelist() if name.startswith("flowhqd/web/vendor/")]
        scripts = [name for name in vendored if name.endswith(".js")]
        for name in scripts:
            assert f"{name.rpartition('/')[0]}/LICENSE" in vendored
        beginnings = {name.rpartition("/")[2]: archive.read(name)[:200] for name in scripts}
        assert set(beginnings) == {"wppconnect-wa.js", "uPlot.iife.min.js"}
        assert b"wa-js v4.6.0" in beginnings["wppconnect-wa.js"]
        assert b"uPlot (v1.6.32)" in beginnings["uPlot.iife.min.js"]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installer lays it out, away from any checkout."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def run_installed(site: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=site.parent,
        env=os.environ | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_installed_wheel_finds_its_own_files(installed: Path) -> None:
    program = (
        "from flowhqd.resources import resource\n"
        "for name in ('sql/migrations', 'web/bridge', 'web/vendor/wa-js'): print(resource(name))"
    )
    assert run_installed(installed, "-c", program).splitlines() == [
        str(installed / "flowhqd" / name)
        for name in ("sql/migrations", "web/bridge", "web/vendor/wa-js")
    ]


def test_an_installed_wheel_has_the_command(installed: Path) -> None:
    assert run_installed(installed, "-m", "flowhqd", "--version") == (
        f"flowhqd, version {flowhqd.__version__}\n"
    )


def test_a_source_distribution_builds_the_same_wheel(
    checkout: Path, wheel: Path, tmp_path: Path
) -> None:
    sdist = built(checkout, "sdist", tmp_path)
    subprocess.run(["tar", "xf", sdist, "-C", tmp_path], check=True)
    source = tmp_path / sdist.name.removesuffix(".tar.gz")
    assert not (source / "web" / "vendor").exists()
    assert (source / "web" / "package-lock.json").is_file()
    shutil.copytree(checkout / "web" / "vendor", source / "web" / "vendor")
    again = built(source, "wheel", tmp_path / "again")
    with zipfile.ZipFile(wheel) as first, zipfile.ZipFile(again) as second:
        assert set(first.namelist()) == set(second.namelist())


def test_assets_are_fetched_only_when_the_lock_changed(checkout: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(checkout, tmp_path / "changed")
    lock = changed / "web" / "package-lock.json"
    lock.write_bytes(lock.read_bytes() + b"\n")
    done = build(changed, "wheel", tmp_path / "wheel")
    assert done.returncode != 0
    assert "npm could not fetch" in done.stderr
    assert (changed / "web" / "vendor" / "wa-js" / "wppconnect-wa.js").is_file()


def test_assets_are_pinned_exactly_and_by_checksum() -> None:
    wanted = orjson.loads((REPOSITORY / "web" / "package.json").read_bytes())["dependencies"]
    lock = orjson.loads((REPOSITORY / "web" / "package-lock.json").read_bytes())["packages"]
    for package, version in wanted.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        assert lock[f"node_modules/{package}"]["version"] == version
    for name, entry in lock.items():
        assert "resolved" not in entry, "the registry is the builder's choice"
        assert name == "" or entry["integrity"].startswith("sha512-")
