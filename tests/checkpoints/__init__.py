"""Signed checkpoints, and proofs that are checked without the log."""
