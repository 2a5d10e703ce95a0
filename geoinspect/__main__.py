"""``python -m geoinspect`` is the command line."""

from geoinspect.cli import main

if __name__ == "__main__":
    main()
