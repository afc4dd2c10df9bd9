"""SPEC 2: canonical msgpack."""

UINTS = {0xcc: (1, 0x80), 0xcd: (2, 0x100), 0xce: (4, 0x10000), 0xcf: (8, 1 << 32)}
RUNS = {0xc4: ("bin", 1, 0), 0xc5: ("bin", 2, 0x100), 0xc6: ("bin", 4, 0x10000),
        0xd9: ("str", 1, 32), 0xda: ("str", 2, 0x100), 0xdb: ("str", 4, 0x10000),
        0xdc: ("array", 2, 16), 0xdd: ("array", 4, 0x10000),
        0xde: ("map", 2, 16), 0xdf: ("map", 4, 0x10000)}


def number(octets, at, width, least):
    value = int.from_bytes(octets[at:at + width], "big")
    assert len(octets) >= at + width and value >= least, "not the shortest form"
    return value, at + width


def head(octets, at):
    """Its kind, its number, and where what follows it begins."""
    first = octets[at]
    at += 1
    for kind, low, mask in (("uint", 0x00, 0x7f), ("map", 0x80, 0x0f), ("array", 0x90, 0x0f),
                            ("str", 0xa0, 0x1f)):
        if low <= first <= low + mask:
            return kind, first & mask, at
    if first in (0xc2, 0xc3):
        return "bool", first == 0xc3, at
    if first in UINTS:
        value, at = number(octets, at, *UINTS[first])
        return "uint", value, at
    kind, width, least = RUNS[first]
    value, at = number(octets, at, width, least)
    return kind, value, at


def read(octets, at=0):
    kind, value, at = head(octets, at)
    if kind in ("uint", "bool"):
        return value, at
    if kind in ("bin", "str"):
        assert len(octets) >= at + value, "cut short"
        run = bytes(octets[at:at + value])
        return (run.decode() if kind == "str" else run), at + value
    items = []
    for _ in range(value * (2 if kind == "map" else 1)):
        item, at = read(octets, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2])) if kind == "map" else items), at


def decode(octets):
    value, end = read(octets)
    assert end == len(octets), "something is left over"
    return value


def written_head(value, small, small_max, wide):
    if value <= small_max:
        return bytes([small + value])
    for first, width in wide:
        if value < 1 << (8 * width):
            return bytes([first]) + value.to_bytes(width, "big")
    raise ValueError(value)


def encode(value):
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return written_head(value, 0, 127, [(0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8)])
    if isinstance(value, str):
        run = value.encode()
        return written_head(len(run), 0xa0, 31, [(0xd9, 1), (0xda, 2), (0xdb, 4)]) + run
    if isinstance(value, bytes):
        return written_head(len(value), 0, -1, [(0xc4, 1), (0xc5, 2), (0xc6, 4)]) + value
    if isinstance(value, list):
        return (written_head(len(value), 0x90, 15, [(0xdc, 2), (0xdd, 4)])
                + b"".join(encode(item) for item in value))
    pairs = b"".join(encode(name) + encode(item) for name, item in value.items())
    return written_head(len(value), 0x80, 15, [(0xde, 2), (0xdf, 4)]) + pairs
