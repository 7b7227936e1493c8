"""What the log survives: crash states, failed calls, kills at named points, broken orders."""
