"""The themes, each in the module of its name, in the order in which they are measured."""

NAMES = (
    "writing", "syncing", "concurrency", "sealing", "replay", "warm", "questions", "opening",
    "sizes", "checking", "startup", "growth", "many_sessions", "stages",
)  # fmt: skip
