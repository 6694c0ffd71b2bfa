"""`eloquence doctor`: everything that a test needs, looked at one by one.

A check is a function that returns a :class:`~eloquence_pipeline.reporting.checks.Check`. What is
measured is said in French, as in the tests' own output; what is wrong, and what to do, in English, as
everywhere. Prefect is not imported: that takes seconds.
"""
