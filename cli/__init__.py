"""The ``eventlog`` command."""
