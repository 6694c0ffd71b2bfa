"""Phrases and the voice that speaks them.

Import from the modules: :mod:`~eloquence_pipeline.speech.catalogue` alone does not need SciPy, which takes a
second to import.
"""
