"""`python -m shadowproxy` is `shadowproxy`."""

import sys

from shadowproxy.cli import main

if __name__ == "__main__":
    sys.exit(main())
