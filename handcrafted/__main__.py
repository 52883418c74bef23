"""Run the command line as `python -m handcrafted`."""

from handcrafted.cli import main

if __name__ == "__main__":
    main()
