"""The names of a run's files, for those who write them and for those who read a stored run."""

from __future__ import annotations

MANIFEST_FILE = "manifest.json"
RUN_FILE = "run.json"
SCRIPTS_FILE = "scripts.json"
ATTEMPTS_FILE = "attempts.json"
TRANSMISSION_FILE = "transmission.json"
RESULTS_FILE = "results.json"
COURSE_FILE = "course.svg"
PLOT_FILE = "plot.png"
MATRIX_FILE = "matrix.png"
REPORT_FILE = "report.html"
DISTURBANCE_FILE = "disturbance.json"
"""What was measured of a call that was disturbed on purpose, beside its results as a scenario."""

KEPT_FILE = "kept.json"
"""What is there of the recordings, where some were left out."""
UNFINISHED_FILE = "unfinished.json"
"""Says that the process of the run was killed, and when what it left was sealed."""

PUBLISHER_RECORD = "publisher"
SUBSCRIBER_RECORD = "subscriber"
"""What the names of the ends' own records begin with, before a speaker's number where several speak."""
BEGUN = ".begun"
"""Ends the name of what an end writes down when it begins, and removes when it is over."""

SCRIPT_FILE_BEFORE = "script.json"
"""In place of `SCRIPTS_FILE`, before several could speak."""
