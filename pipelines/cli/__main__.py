"""`python -m pipelines.cli` is `hatinh`."""

from pipelines.cli import main

main()
