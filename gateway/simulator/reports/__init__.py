"""Entity sets that are worked out when they are read: what parties owe, and statements."""
