"""Bytes come in: HTTP, the drop folder, and an immutable store of what was received, each file with its receipt."""
