"""The control API under ``/_simulator``, and what it works on: faults, journal, coverage."""
