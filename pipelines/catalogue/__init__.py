"""Descriptions of a release in the vocabularies of others: DCAT-AP, SDMX, SIMS, iCalendar, and a page for people."""
