"""Records in memory: stored, read with OData's options, written by the rules."""
