"""`python -m deadhand`."""

from deadhand.cli import main

if __name__ == "__main__":
    main()
