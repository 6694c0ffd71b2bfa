"""The names of a run's files, for those who write them and for those who read a stored run."""

from __future__ import annotations

MANIFEST_FILE = "manifest.json"
RUN_FILE = "run.json"
SCRIPTS_FILE = "scripts.json"
ATTEMPTS_FILE = "attempts.json"
TRANSMISSION_FILE = "transmission.json"
RESULTS_FILE = "results.json"
