"""A small file system of the run's own, which can be filled without harm to the host."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 2_000
_STEP, _PAGE = 4 << 20, 4096


class Disk:
    """Mounted at ``path``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, left: int = 0) -> None:
        """Take the room there is, but for so many bytes."""
        with self._filler.open("ab") as file:
            for size in (_STEP, _PAGE):
                while self._room() >= left + size:
                    try:
                        os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), size)
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
                        break

    def _room(self) -> int:
        return shutil.disk_usage(self.path).free

    def free(self) -> None:
        """Give it back."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, *, megabytes: int = SIZE_MB) -> Iterator[Disk | None]:
    """A disk mounted at ``path``; None, and just a directory, for who may not mount one."""
    path.mkdir(mode=0o711)
    if os.geteuid() != 0:
        yield None
        return
    options = f"size={megabytes}m,mode=711"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "chaos", path], check=True)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
