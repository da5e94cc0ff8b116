"""``$batch``: several requests in one, as JSON and as multipart (bc/api.md §6)."""
