"""The Dagster ring around the rooms: assets, checks, jobs, schedule, sensor, resources. Nothing is computed here.

This is the only room that imports dagster; whatever could be tested without it belongs elsewhere.
"""
