"""Canonical msgpack and people's keys, for making vectors."""
import hashlib

from ed25519_plain import sign


class Raw(bytes):
    """Octets that stand in an encoding as they are."""


def head(value, short, short_max, forms):
    if short is not None and value <= short_max:
        return bytes([short | value])
    for first, width in forms:
        if value < 1 << (8 * width):
            return bytes([first]) + value.to_bytes(width, "big")
    raise ValueError(value)


def pack(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return head(value, 0, 127, ((0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8)))
    if isinstance(value, str):
        octets = value.encode()
        return head(len(octets), 0xa0, 31, ((0xd9, 1), (0xda, 2), (0xdb, 4))) + octets
    if isinstance(value, bytes):
        return head(len(value), None, 0, ((0xc4, 1), (0xc5, 2), (0xc6, 4))) + value
    if isinstance(value, list):
        return head(len(value), 0x90, 15, ((0xdc, 2), (0xdd, 4))) + b"".join(map(pack, value))
    if isinstance(value, dict):
        items = [pack(x) for pair in value.items() for x in pair]
        return head(len(value), 0x80, 15, ((0xde, 2), (0xdf, 4))) + b"".join(items)
    raise TypeError(value)


def blake(octets):
    return hashlib.blake2b(octets, digest_size=32).digest()


def seed_of(name):
    return blake(name.encode())


KEYS = {}


def key_of(name):
    if name not in KEYS:
        KEYS[name] = sign(seed_of(name), b"")[0]
    return KEYS[name]
