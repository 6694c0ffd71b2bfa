"""Write what the golden runs give today: ``python -m tests.golden.regenerate``.

To be run when a change of the method is meant to change figures; ``git diff tests/golden/expected`` then
shows which ones, and by how much.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.golden.cases import EXPECTED, written


def main() -> None:
    """Write every expected file, and remove those that nothing expects any more."""
    EXPECTED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        contents = {name: make() for name, make in written(Path(folder)).items()}
    for name, content in contents.items():
        (EXPECTED / name).write_text(content, encoding="utf-8")
    for path in EXPECTED.glob("*.json"):
        if path.name not in contents:
            path.unlink()
    print(f"{len(contents)} files in {EXPECTED}")


if __name__ == "__main__":
    main()
