"""The program ``ichflow``."""

import sys

from ichflow._ichflow import main as _main


def main() -> int:
    """Does what the command line says, and gives the exit code."""
    return _main(["ichflow", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
