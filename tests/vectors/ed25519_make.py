#!/usr/bin/env python3
"""Prints ed25519.json: the edges of SPEC 4.4's rule of validity.

It judges its own cases by the rule's words before printing them."""
import hashlib
import json

from ed25519_plain import (B, L, P, SMALL, T2, T4, T8, add, challenge, dec, enc, mul, neg, sign,
                           small_encodings, valid)


def secret(name):
    return int.from_bytes(hashlib.sha512(name.encode()).digest(), "little") % L


accept, reject = [], []


def case(name, key, message, sig):
    (accept if valid(key, message, sig) else reject).append(
        {"name": name, "key": key.hex(), "message": message.hex(), "sig": sig.hex()})
    return valid(key, message, sig)


for number, seed, message in (
        (1, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", ""),
        (2, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72"),
        (3, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82")):
    key, sig = sign(bytes.fromhex(seed), bytes.fromhex(message))
    assert case(f"RFC 8032 7.1 test {number}", key, bytes.fromhex(message), sig)

message = b"kith/post/1" + bytes(32)
key, sig = sign(bytes(range(32)), message)
assert case("a post's id of zeros", key, message, sig)
s = int.from_bytes(sig[32:], "little")
assert not case("another message", key, message + b"\0", sig)
assert not case("one bit of R", key, message, bytes([sig[0] ^ 1]) + sig[1:])
assert not case("one bit of S", key, message, sig[:32] + bytes([sig[32] ^ 1]) + sig[33:])
assert not case("the sign bit of the key", key[:31] + bytes([key[31] ^ 128]), message, sig)
assert not case("all zeros", key, message, bytes(64))
for times in (1, 2, 8, 15):
    if s + times * L < 2**256:
        assert not case(f"S plus {times} times the order", key, message,
                        sig[:32] + (s + times * L).to_bytes(32, "little"))
assert not case("S equal to the order", key, message, sig[:32] + L.to_bytes(32, "little"))
assert not case("S with its top bit set", key, message, sig[:63] + bytes([sig[63] | 128]))

a, r = secret("a"), secret("r")
A, R = mul(a, B), mul(r, B)


def search(name, key_point, make):
    """Try messages until make(message) gives a signature for which the equation holds."""
    key = enc(key_point)
    for i in range(500):
        message = f"{name} {i}".encode()
        sig = make(key, message)
        if sig is not None:
            return key, message, sig
    raise SystemExit(f"no message for {name}")


def mixed_key(torsion_point):
    def make(key, message):
        k = challenge(enc(R), key, message)
        if mul(k, torsion_point) != (0, 1):
            return None
        return enc(R) + ((r + k * a) % L).to_bytes(32, "little")
    return make


def mixed_both(torsion_point, shift):
    point = add(R, shift)

    def make(key, message):
        k = challenge(enc(point), key, message)
        if neg(mul(k, torsion_point)) != shift:
            return None
        return enc(point) + ((r + k * a) % L).to_bytes(32, "little")
    return make


for name, t in (("order 2", T2), ("order 4", T4), ("order 8", T8)):
    found = search(f"key with a component of {name}", add(A, t), mixed_key(t))
    assert case(f"key with a component of {name} that cancels", *found)
    found = search(f"key and R with components of {name}", add(A, t), mixed_both(t, t))
    assert case(f"key and R with components of {name} that cancel", *found)


def cofactored(torsion_a, torsion_r):
    key, point = enc(add(A, torsion_a)), enc(add(R, torsion_r))
    for i in range(100):
        message = f"cofactored {i}".encode()
        k = challenge(point, key, message)
        if add(mul(k, torsion_a), torsion_r) != (0, 1):
            return key, message, point + ((r + k * a) % L).to_bytes(32, "little")


assert not case("valid only with a cofactor: component in R", *cofactored((0, 1), T8))
assert not case("valid only with a cofactor: component in the key", *cofactored(T8, (0, 1)))
assert not case("valid only with a cofactor: components in both", *cofactored(T8, T2))

for octets in small_encodings():
    point = dec(octets)
    kind = "" if enc(point) == octets else "non-canonical "
    for i in range(500):  # R a point of the curve's main part: S·B - k·A = R where k·A vanishes
        message = f"small key {i}".encode()
        if mul(challenge(enc(R), octets, message), point) == (0, 1):
            break
    assert not case(f"{kind}key of small order, the equation holds", octets, message,
                    enc(R) + r.to_bytes(32, "little"))
    key = enc(add(A, T8))
    for i in range(500):
        message = f"small R {i}".encode()
        k = challenge(octets, key, message)
        if neg(mul(k, T8)) == point:
            break
    assert not case(f"{kind}R of small order, the equation holds", key, message,
                    octets + (k * a % L).to_bytes(32, "little"))
    assert not case(f"{kind}key and R of small order, S zero", octets, b"", octets + bytes(32))

for j in range(2, 19):  # the other encodings at or above p
    for sign_bit in (0, 1):
        octets = (P + j | sign_bit << 255).to_bytes(32, "little")
        if dec(octets) is not None:
            assert not case(f"non-canonical key p + {j}", octets, message, sig)
            assert not case(f"non-canonical R p + {j}", key, message, octets + sig[32:])
assert not case("key that is no point", (2).to_bytes(32, "little"), message, sig)

print(json.dumps({
    "origin": "made by ed25519_make.py in this folder from RFC 8032 and SPEC 4.4 alone; all numbers "
              "little-endian, octets in hex",
    "accept": accept, "reject": reject}, indent=1))
