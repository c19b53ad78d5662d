"""The platform that measures Hà Tĩnh's digital-transformation scheme: one folder per module, see
docs/architecture.md."""
