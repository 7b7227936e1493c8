"""Signed checkpoints of a log, and proofs that an event is in it: docs/checkpoints.md.

What is public is in ``eventlog`` itself.
"""
