"""Measurements of the complete pipeline, beside the plainest program that computes the same figures."""
