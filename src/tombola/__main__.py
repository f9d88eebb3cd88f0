"""``python -m tombola`` is the command ``tombola``."""

from tombola.cli.main import main

if __name__ == "__main__":
    main()
