"""Synthetic data in the real wire formats, calibrated to published figures. Nobody in it exists."""
