"""``python -m flowhqd``."""

from __future__ import annotations

from flowhqd.cli import main

if __name__ == "__main__":
    main()
