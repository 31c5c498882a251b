"""One module per step, forward only, never edited after a release."""
