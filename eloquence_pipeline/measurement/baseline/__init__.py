"""A night beside the earlier ones: figures, tests and judgement; see docs/adr/0013-baseline.md."""
