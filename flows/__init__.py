"""Prefect flows and the command line: which steps, in which order."""
