"""Webhooks: who wants to hear of what, what has changed, and how they are told (bc/api.md §9)."""
