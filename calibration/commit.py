"""Which code something was measured with."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit_of(project: Path) -> str:
    """Return the commit, with ``-dirty`` where code was changed after it; "unknown" outside a repository."""
    commit = _git(project, "rev-parse", "--short", "HEAD") or "unknown"
    # Documents that were measured before this one are no other code.
    return commit + ("-dirty" if _git(project, "diff", "HEAD", "--", ":!docs") else "")


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    return done.stdout.strip()
