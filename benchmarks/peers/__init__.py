"""What we are compared with, each at its best reasonable settings (docs/benchmarks.md)."""
