"""Sketches as bytes: some hashes of 48 bits with the rows of each, and the hash below which none is left out. Pure."""

from collections.abc import Iterator, Mapping

HASH_BYTES = 6
BELOW_BYTES = 7  # one more than the greatest hash is the bound of a sketch that leaves nothing out


def packed(sketch: Mapping[int, int], below: int) -> bytes:
    """A sketch as bytes; the empty ones where nothing was kept."""
    if not sketch:
        return b""
    parts = [below.to_bytes(BELOW_BYTES, "big")]
    for hashed, rows in sorted(sketch.items()):
        parts += (hashed.to_bytes(HASH_BYTES, "big"), _short(rows))
    return b"".join(parts)


def unpacked(content: bytes) -> tuple[dict[int, int], int]:
    """What `packed` was given."""
    if not content:
        return {}, 0
    return dict(_pairs(content)), int.from_bytes(content[:BELOW_BYTES], "big")


def _short(number: int) -> bytes:
    """Seven bits to a byte, the least first; the eighth says that more follow."""
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _pairs(content: bytes) -> Iterator[tuple[int, int]]:
    at = BELOW_BYTES
    while at < len(content):
        hashed = int.from_bytes(content[at : at + HASH_BYTES], "big")
        at += HASH_BYTES
        rows = shift = 0
        while True:
            byte = content[at]
            at += 1
            rows |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield hashed, rows
