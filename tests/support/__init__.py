"""What the tests share: strategies, file layers that fail, logs to damage, child processes."""

import os

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
"""Whether to look for as long as it takes, as ``make test-deep`` does."""
