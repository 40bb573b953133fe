import sys
from pathlib import Path

from tests.warehouse.layouts import write

if __name__ == "__main__":
    write(int(sys.argv[2]), Path(sys.argv[3]))
