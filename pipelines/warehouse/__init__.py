"""The private DuckDB file: its single writer, the load with quarantine, pseudonyms."""
