#!/usr/bin/env python3
"""Prints invite.json: invites as text and the claims made with them (SPEC 8.2).

Shares nothing with the C but the words of the specification."""
import base64
import json

from ed25519_plain import sign
from post_pack import blake, key_of, pack, seed_of

UNTIL = 1_800_000_000


def u(number, width):
    return number.to_bytes(width, "big")


def text_of(fields, checksum=None):
    body = pack(fields)
    octets = body + (blake(body)[:4] if checksum is None else checksum)
    return "kithinvite1" + base64.b32encode(octets).decode().rstrip("=").lower()


def case(name, host, port, uses=1, until=UNTIL, version=1, cert_by="ana", **changes):
    relay, inviter = key_of("relay"), key_of("ana")
    seed, static = blake(b"seed of " + name.encode()), key_of("static")
    seed_public = sign(seed, b"")[0]
    terms = relay + seed_public + u(uses, 4) + u(until, 8)
    cert = sign(seed_of(cert_by), b"kith/invite/1" + terms)[1]
    uses = changes.get("uses_said", uses)
    text = text_of([version, host, port, static, relay, inviter, seed, uses, until, cert],
                   changes.get("checksum"))
    bea = key_of("bea")
    claim = [1, relay, inviter, seed_public, uses, until, cert, bea,
             sign(seed, b"kith/claim/1" + relay + bea)[1],
             sign(seed_of("bea"), b"kith/join/1" + relay + seed_public)[1]]
    return {"case": name, "text": text, "host": host, "port": port, "static_key": static.hex(),
            "relay": relay.hex(), "inviter": inviter.hex(), "seed": seed.hex(), "uses": uses,
            "until_s": until, "cert": cert.hex(), "subject_seed": seed_of("bea").hex(),
            "claim": pack(claim).hex()}


def bad(error, *args, **kwargs):
    made = case(*args, **kwargs)
    return {"case": made["case"], "text": made["text"], "error": error}


accept = [case("a relay with a name", "relay.example", 7117, 25),
          case("IPv4", "192.0.2.1", 1, 1000),
          case("IPv6", "2001:db8::1", 65535),
          case("the longest host", ".".join(["a" * 63] * 3 + ["a" * 61]), 7117),
          case("the latest time", "relay.example", 7117, 1, 2**40 - 1)]
reject = [bad("malformed", "version 2", "relay.example", 7117, version=2),
          bad("malformed", "no uses", "relay.example", 7117, 0),
          bad("malformed", "too many uses", "relay.example", 7117, 1001),
          bad("malformed", "a time past 2^40", "relay.example", 7117, 1, 2**40),
          bad("malformed", "port 0", "relay.example", 0),
          bad("malformed", "host in capitals", "Relay.example", 7117),
          bad("malformed", "IPv6 not in its shortest form", "2001:db8:0::1", 7117),
          bad("malformed", "IPv6 in brackets", "[2001:db8::1]", 7117),
          bad("malformed", "host with an octet of zero", "relay\0example", 7117),
          bad("malformed", "empty host", "", 7117),
          bad("malformed", "another checksum", "relay.example", 7117, checksum=bytes(4)),
          bad("proof", "signed by somebody else", "relay.example", 7117, cert_by="carl"),
          bad("proof", "more uses than were signed", "relay.example", 7117, 1, uses_said=2),
          {"case": "an empty one", "text": "kithinvite1", "error": "malformed"},
          {"case": "another word", "text": "kith" + accept[0]["text"], "error": "malformed"},
          {"case": "a name", "text": "invite", "error": "malformed"}]

print(json.dumps({"origin": "made by invite_make.py in this folder from SPEC 8.2 alone",
                  "accept": accept, "reject": reject}, indent=1))
