"""Writes pictures as PNG, with Python's standard library alone."""

import struct
import zlib


def write_png(path, width, height, pixels):
    """Writes 8-bit RGB pixels, row by row."""
    stride = width * 3
    rows = b"".join(b"\0" + pixels[start : start + stride] for start in range(0, height * stride, stride))
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.write(_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)))
        file.write(_chunk(b"IDAT", zlib.compress(rows, 6)))
        file.write(_chunk(b"IEND", b""))


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
