"""A directory for trying things out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A directory that every account may pass through, until the block is left.

    Always in /tmp: the path of a socket below it has to be short.
    """
    path = Path(tempfile.mkdtemp(prefix="flowhqd-check-", dir="/tmp"))
    try:
        path.chmod(0o711)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
