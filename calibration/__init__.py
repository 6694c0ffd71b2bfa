"""The instrument against known truth: ``python -m calibration`` writes ``docs/accuracy.md``.

It uses the project as a user would and is no part of the package. What is put in is known: delays are exact
fractional shifts, loss is a list of frames, a live network is what a relay was told to be. What comes out is
compared with it, and every figure of the document is one of these comparisons.
"""
