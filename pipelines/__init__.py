"""The platform that measures Hà Tĩnh's digital-transformation scheme: one folder a room, see docs/architecture.md."""
