"""Common ground of the stages that handle sound: WAV files, resampling, alignment.

Import from the modules: :mod:`~eloquence_pipeline.signal.wav` alone does not need SciPy, which takes a
second to import.
"""
