"""Measurements of the whole pipeline, beside the plainest program that computes the same figures."""
