"""Cuts a square landscape into square tiles.

Gets the landscape as a file in $MEMODAG_ENTRIES_IN and leaves a folder of tiles in $MEMODAG_ENTRIES_OUT. Needs
nothing but Python's standard library.
"""

import json
import math
import os
from pathlib import Path

POINT_BYTES = 4
SIDE = 4


def main():
    landscape = Path(os.environ["MEMODAG_ENTRIES_IN"], "heights.f32")
    folder = Path(os.environ["MEMODAG_ENTRIES_OUT"], "tiles")
    folder.mkdir()
    size = math.isqrt(landscape.stat().st_size // POINT_BYTES)
    tile = size // SIDE
    with landscape.open("rb") as source:
        for row in range(SIDE):
            # A row of tiles at a time, so that the landscape may be larger than the memory.
            targets = [(folder / f"{row}-{column}.f32").open("wb") for column in range(SIDE)]
            for _ in range(tile):
                for target in targets:
                    target.write(source.read(tile * POINT_BYTES))
            for target in targets:
                target.close()
    print(f"{SIDE * SIDE} tiles of {tile} x {tile} points")
    with open(os.environ["MEMODAG_RESULT"], "w", encoding="utf-8") as file:
        json.dump({"tiles": SIDE * SIDE, "points": tile}, file)


if __name__ == "__main__":
    main()
