"""Workbooks that agencies report figures by: written, checked cell by cell, and handed back with what is wrong."""
