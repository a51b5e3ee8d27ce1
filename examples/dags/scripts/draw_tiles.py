"""Draws tiles of a landscape with the sun in the north-west.

Gets a folder of tiles in $MEMODAG_ENTRIES_IN and leaves a folder of pictures in $MEMODAG_ENTRIES_OUT. What it
imports from png.py is in the cache key of its task, too.
"""

import math
import os
from array import array
from pathlib import Path

from png import write_png

PICTURE = 128
SEA = (58, 110, 165)
HEIGHTS = ((0, (120, 160, 90)), (300, (170, 175, 110)), (600, (150, 125, 100)), (900, (245, 245, 245)))


def colour_of(height):
    for lowest, colour in reversed(HEIGHTS):
        if height >= lowest:
            return colour
    return SEA


def draw(tile, target):
    heights = array("f")
    heights.frombytes(tile.read_bytes())
    size = math.isqrt(len(heights))
    step = size // PICTURE
    pixels = bytearray()
    above = None
    for y in range(PICTURE):
        start = y * step * size
        row = heights[start : start + size : step]
        above = above or row
        left = row[0]
        for x in range(PICTURE):
            height = row[x]
            light = 1.0 if height < 0 else 0.8 + ((height - left) + (height - above[x])) / 120
            light = min(1.2, max(0.4, light))
            pixels.extend(min(255, int(part * light)) for part in colour_of(height))
            left = height
        above = row
    write_png(target, PICTURE, PICTURE, bytes(pixels))


def main():
    tiles = Path(os.environ["MEMODAG_ENTRIES_IN"], "tiles")
    images = Path(os.environ["MEMODAG_ENTRIES_OUT"], "images")
    images.mkdir()
    for tile in sorted(tiles.iterdir()):
        draw(tile, images / f"{tile.stem}.png")
    print(f"{len(list(images.iterdir()))} pictures")


if __name__ == "__main__":
    main()
