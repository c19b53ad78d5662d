"""`python -m pipelines.cli` is `hatinh`."""

from pipelines.cli import main

if __name__ == "__main__":  # a second process imports this file, and runs nothing
    main()
