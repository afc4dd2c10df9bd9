#!/usr/bin/env python3
"""Prints post.json: posts to accept, with what they say, and octets to refuse.

Written from SPEC 2 to 4 alone, with its own msgpack and its own Ed25519."""
import json

from ed25519_plain import sign
from post_pack import Raw, blake, key_of, pack, seed_of

REPLIES = ["everyone", "vouched", "nobody"]
REACTIONS = ["heart", "sad", "angry", "with"]
ROOT, PARENT, ECHO, SUBJECT = 1, 2, 3, 4
PROFILE, TEXT, REACT, VOUCH, RETRACT = 1, 2, 3, 4, 5


def bech(octets):
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

    def polymod(values):
        total = 1
        for value in values:
            top = total >> 25
            total = (total & 0x1ffffff) << 5 ^ value
            for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
                total ^= g if top >> i & 1 else 0
        return total
    bits = int.from_bytes(octets, "big") << 4
    data = [bits >> 5 * (51 - i) & 31 for i in range(52)]
    prefix = [ord(c) >> 5 for c in "kith"] + [0] + [ord(c) & 31 for c in "kith"]
    total = polymod(prefix + data + [0] * 6) ^ 0x2bc830a3
    data += [total >> 5 * (5 - i) & 31 for i in range(6)]
    return "kith1" + "".join(alphabet[d] for d in data)


def body_of(kind, author="ana", created=1_700_000_000, expires=0, tags=(), refs=(), content=None,
            version=1):
    if isinstance(author, str):
        author = key_of(author)
    return [version, kind, author, created, expires, list(tags), [list(r) for r in refs],
            content if content is not None else ["", "", 0, []]]


def proof_of(body, name="ana"):
    return sign(seed_of(name), b"kith/post/1" + blake(body))[1]


def device_proof(body, device, first, last, author="ana"):
    device_key = key_of(device)
    fields = device_key + first.to_bytes(8, "big") + last.to_bytes(8, "big")
    cert = sign(seed_of(author), b"kith/device/1" + fields)[1]
    return [device_key, first, last, cert, proof_of(body, device)]


def wire_of(body, proof=None, name="ana"):
    body = pack(body)
    return pack([body, proof_of(body, name) if proof is None else proof])


accept, reject = [], []


def said(body):
    """What a decoder of this version must read out of the body."""
    _, kind, author, created, expires, tags, refs, content = body
    out = {"kind": kind, "author": author.hex(), "created_s": created, "expires_s": expires,
           "tags": tags, "refs": [{"relation": r, "id": i.hex()} for r, i in refs]}
    fields = {PROFILE: 3, TEXT: 4, REACT: 1, VOUCH: 2, RETRACT: 0}.get(kind)
    out["known"] = fields is not None and len(content) == fields
    if not out["known"]:
        return out
    if kind == PROFILE:
        out.update(name=content[0], bio=content[1], card=pack(content[2]).hex())
    elif kind == TEXT:
        out.update(text=content[0], note=content[1], replies=REPLIES[content[2]])
    elif kind == REACT:
        out["reaction"] = REACTIONS[content[0]]
    elif kind == VOUCH:
        out["subject"] = content[0].hex()
        if content[1]:
            out["inviter"] = content[1].hex()
    return out


def good(name, body, proof=None, mentions=None, signer="ana"):
    case = {"case": name, "wire": wire_of(body, proof, signer).hex(),
            "id": blake(pack(body)).hex(), **said(body)}
    if mentions is not None:
        case["mentions"] = [m.hex() for m in mentions]
    accept.append(case)


def bad(name, wire, error="malformed"):
    reject.append({"case": name, "wire": wire.hex(), "error": error})


def bad_body(name, *args, **kwargs):
    bad(name, wire_of(body_of(*args, **kwargs), bytes(64)))


A, I, J, K = key_of("ana"), blake(b"i"), blake(b"j"), blake(b"k")
BEA, CARL = key_of("bea"), key_of("carl")
SIX = [key_of(f"friend {i}") for i in range(9)]
DAY = 86400
NOW = 1_700_000_000

# to accept
good("an empty text under a tag", body_of(TEXT, tags=["metoo"]), mentions=[])
good("a text with note, policy and mentions",
     body_of(TEXT, tags=["metoo", "österreich"], content=["I stand with you", "violence", 1, [BEA, CARL]]),
     mentions=[BEA, CARL])
good("a text that expires", body_of(TEXT, expires=NOW + 1, content=["soon gone", "", 2, []]), mentions=[])
good("the largest times", body_of(TEXT, created=2**40 - 2, expires=2**40 - 1), mentions=[])
good("time zero", body_of(TEXT, created=0), mentions=[])
good("a reply to a root", body_of(TEXT, refs=[(ROOT, I), (PARENT, I)], content=["yes", "", 0, []]), mentions=[])
good("a reply further down that also echoes",
     body_of(TEXT, refs=[(ECHO, K), (PARENT, J), (ROOT, I)]), mentions=[])
good("an echo", body_of(TEXT, refs=[(ECHO, I)]), mentions=[])
good("a name in the text is a mention", body_of(TEXT, content=[f"ask {bech(BEA)}.", "", 0, []]), mentions=[BEA])
good("a name in upper case too", body_of(TEXT, content=[f"ask {bech(BEA).upper()}", "", 0, []]), mentions=[BEA])
good("a name glued to other letters", body_of(TEXT, content=[f"x{bech(BEA)}x", "", 0, []]), mentions=[BEA])
good("a name twice, and in the list", body_of(TEXT, content=[bech(CARL) + bech(BEA) + bech(CARL), "", 0, [BEA]]), mentions=[BEA, CARL])
good("a name with a wrong checksum is text", body_of(TEXT, content=[bech(BEA)[:-1] + ("q" if bech(BEA)[-1] != "q" else "p"), "", 0, []]), mentions=[])
good("a name in mixed case is text", body_of(TEXT, content=["K" + bech(BEA)[1:], "", 0, []]), mentions=[])
good("64 hex digits are text", body_of(TEXT, content=[BEA.hex(), "", 0, []]), mentions=[])
good("eight mentions in all", body_of(TEXT, content=[" ".join(map(bech, SIX[:5])), "", 0, SIX[4:8]]), mentions=SIX[4:8] + SIX[:4])
good("eight tags", body_of(TEXT, tags=[f"t{i}" for i in range(8)]), mentions=[])
good("text of the largest body", body_of(TEXT, content=["x" * (32768 - 52), "", 0, []]), mentions=[])
good("a reaction", body_of(REACT, refs=[(SUBJECT, I)], content=[3]))
good("a reaction that expires", body_of(REACT, expires=NOW + 5, refs=[(SUBJECT, I)], content=[0]))
good("a vouch", body_of(VOUCH, content=[BEA, b""]))
good("a vouch with an inviter", body_of(VOUCH, content=[BEA, CARL]))
good("a retract", body_of(RETRACT, refs=[(SUBJECT, I)], content=[]))
good("a profile", body_of(PROFILE, content=["Ana", "nurse, two cats", []]))
good("a profile with a card", body_of(PROFILE, content=["Ana", "", [A, J, 19000, 19365, K, I, bytes(64)]]))
good("an unknown kind", body_of(500, tags=["metoo"], refs=[(77, I), (77, I)], content=[True, [1, [2]], b"x", "y"]))
good("a voice, for later", body_of(6, content=[]))
good("the largest kind", body_of(65535, content=[]))
good("a text of a later version", body_of(TEXT, content=["hi", "", 0, [], 1]))
good("a retract of a later version", body_of(RETRACT, content=["why"]))
body = body_of(TEXT, content=["from my phone", "", 0, []])
good("a text by a device", body, device_proof(pack(body), "phone", NOW, NOW + 90 * DAY), mentions=[])
body = body_of(REACT, refs=[(SUBJECT, I)], content=[1])
good("a reaction by a device, in its last second", body, device_proof(pack(body), "phone", NOW - 90 * DAY, NOW))

# to refuse: the outside
plain = wire_of(body_of(TEXT, tags=["metoo"], content=["hello", "", 0, []]))
for cut in (0, 1, 2, 10, len(plain) - 65, len(plain) - 1):
    bad(f"cut after {cut} octets", plain[:cut], "truncated")
bad("one octet too many", plain + b"\0")
inner = pack(body_of(TEXT))
bad("three parts", pack([inner, bytes(64), 0]))
bad("one part", pack([inner]))
bad("body as an array", pack([body_of(TEXT), bytes(64)]))
bad("body as text", pack(["x", bytes(64)]))
bad("proof of 63", pack([inner, bytes(63)]))
bad("proof of 65", pack([inner, bytes(65)]))
bad("proof as text", pack([inner, "x" * 64]))
bad("body's length in a longer form", b"\x92\xc5" + len(inner).to_bytes(2, "big") + inner + pack(bytes(64)))
bad("body cut inside", pack([inner[:-1], bytes(64)]))
bad("body with an octet left over", pack([inner + b"\0", bytes(64)]))
bad("body empty", pack([b"", bytes(64)]))
bad("body too large", wire_of(body_of(TEXT, content=["x" * (32768 - 51), "", 0, []]), bytes(64)), "too-large")
bad("body declared too large", b"\x92\xc6\xff\xff\xff\xff\0\0", "too-large")

# the envelope
bad("version 2", wire_of(body_of(TEXT, version=2), bytes(64)))
bad("seven fields", pack([pack(body_of(TEXT)[:7]), bytes(64)]))
bad("nine fields", pack([pack(body_of(TEXT) + [0]), bytes(64)]))
bad_body("kind 0", 0)
bad_body("kind 65536", 65536)
bad_body("author of 31", TEXT, author=bytes(31))
bad_body("created at 2^40", TEXT, created=2**40)
bad_body("expires at 2^40", TEXT, expires=2**40)
bad_body("expires when created", TEXT, expires=NOW)
bad_body("expires before created", TEXT, expires=1)
bad_body("created in a longer form", TEXT, created=Raw(b"\xcf\0\0\0\0\x65\x53\xf1\x00"))
bad_body("negative time", TEXT, created=Raw(b"\xff"))
bad_body("floating time", TEXT, created=Raw(b"\xcb" + bytes(8)))
bad_body("nil", TEXT, expires=Raw(b"\xc0"))
bad_body("nine tags", TEXT, tags=[f"t{i}" for i in range(9)])
bad_body("the same tag twice", TEXT, tags=["a", "b", "a"])
bad_body("an empty tag", TEXT, tags=[""])
bad_body("a tag in capitals", TEXT, tags=["MeToo"])
bad_body("a tag with its sign", TEXT, tags=["#metoo"])
bad_body("a tag with a space", TEXT, tags=["me too"])
bad_body("a tag not composed", TEXT, tags=["o\u0308sterreich"])
bad_body("a tag of 61", TEXT, tags=["t" * 61])
bad_body("a tag with a code point unassigned in Unicode 15.0", TEXT, tags=["\u1c89"])
bad_body("a tag as octets", TEXT, tags=[b"metoo"])
bad_body("a tag not UTF-8", TEXT, tags=[Raw(b"\xa1\xff")])
bad_body("nine references", 500, refs=[(9, I)] * 9, content=[])
bad_body("a reference of three", TEXT, refs=[(ECHO, I, 0)])
bad_body("relation 0", 500, refs=[(0, I)], content=[])
bad_body("relation 65536", 500, refs=[(65536, I)], content=[])
bad_body("a reference of 31", TEXT, refs=[(ECHO, I[:31])])
bad_body("content a number", TEXT, content=7)
bad_body("content a map", 500, content={})
bad_body("a map inside an unknown kind", 500, content=[{1: 2}])
bad_body("an unknown kind nested too deep", 500, content=[[[[[[[[[]]]]]]]]])
bad_body("an unknown kind with a long form", 500, content=[Raw(b"\xcc\x01")])
bad_body("an unknown kind with an extension", 500, content=[Raw(b"\xd4\x01\x00")])

# what each kind demands
bad_body("text without its last field", TEXT, content=["", "", 0])
bad_body("text as octets", TEXT, content=[b"", "", 0, []])
bad_body("text not UTF-8", TEXT, content=[Raw(b"\xa2\xc3\x28"), "", 0, []])
bad_body("a surrogate in the text", TEXT, content=[Raw(b"\xa3\xed\xa0\x80"), "", 0, []])
bad_body("a note of 201", TEXT, content=["", "n" * 201, 0, []])
bad_body("an unknown reply policy", TEXT, content=["", "", 3, []])
bad_body("nine mentions", TEXT, content=["", "", 0, SIX])
bad_body("nine mentions with those in the text", TEXT, content=[bech(SIX[8]), "", 0, SIX[:8]])
bad_body("nine names in the text", TEXT, content=["".join(map(bech, SIX)), "", 0, []])
bad_body("the same mention twice", TEXT, content=["", "", 0, [BEA, BEA]])
bad_body("a mention of 31", TEXT, content=["", "", 0, [BEA[:31]]])
bad_body("a root without a parent", TEXT, refs=[(ROOT, I)])
bad_body("a parent without a root", TEXT, refs=[(PARENT, I)])
bad_body("a text with a subject", TEXT, refs=[(SUBJECT, I)])
bad_body("two echoes", TEXT, refs=[(ECHO, I), (ECHO, J)])
bad_body("a text with an unknown relation", TEXT, refs=[(5, I)])
bad_body("a reaction to nothing", REACT, content=[0])
bad_body("a reaction to two", REACT, refs=[(SUBJECT, I), (SUBJECT, J)], content=[0])
bad_body("a reaction that replies", REACT, refs=[(SUBJECT, I), (ROOT, I), (PARENT, I)], content=[0])
bad_body("a reaction with a tag", REACT, tags=["a"], refs=[(SUBJECT, I)], content=[0])
bad_body("an unknown reaction", REACT, refs=[(SUBJECT, I)], content=[4])
bad_body("a reaction without one", REACT, refs=[(SUBJECT, I)], content=[])
bad_body("a vouch with a tag", VOUCH, tags=["a"], content=[BEA, b""])
bad_body("a vouch with a reference", VOUCH, refs=[(SUBJECT, I)], content=[BEA, b""])
bad_body("a vouch with half an inviter", VOUCH, content=[BEA, CARL[:16]])
bad_body("a vouch for half a key", VOUCH, content=[BEA[:16], b""])
bad_body("a vouch without an inviter's field", VOUCH, content=[BEA])
bad_body("a retract of nothing", RETRACT, content=[])
bad_body("a retract of two", RETRACT, refs=[(SUBJECT, I), (SUBJECT, J)], content=[])
bad_body("a retract that expires", RETRACT, expires=NOW + 1, refs=[(SUBJECT, I)], content=[])
bad_body("a retract with a tag", RETRACT, tags=["a"], refs=[(SUBJECT, I)], content=[])
bad_body("a profile with a tag", PROFILE, tags=["a"], content=["", "", []])
bad_body("a profile with a reference", PROFILE, refs=[(ECHO, I)], content=["", "", []])
bad_body("a name of 65", PROFILE, content=["n" * 65, "", []])
bad_body("a bio of 1025", PROFILE, content=["", "b" * 1025, []])
bad_body("a profile without a card", PROFILE, content=["", ""])
bad_body("a card of six", PROFILE, content=["", "", [A, J, 1, 2, K, I]])
bad_body("a card of eight", PROFILE, content=["", "", [A, J, 1, 2, K, I, bytes(64), 0]])
bad_body("somebody else's card", PROFILE, content=["", "", [BEA, J, 1, 2, K, I, bytes(64)]])
bad_body("a card with a day past 32 bits", PROFILE, content=["", "", [A, J, 1, 2**32, K, I, bytes(64)]])

# proofs
body = body_of(TEXT, content=["from my phone", "", 0, []])
octets = pack(body)
first, last = NOW, NOW + DAY
fine = device_proof(octets, "phone", first, last)
bad("a certificate for 90 days and a second", wire_of(body, device_proof(octets, "phone", NOW, NOW + 90 * DAY + 1)))
bad("a certificate that ends before it starts", wire_of(body, device_proof(octets, "phone", NOW, NOW - 1)))
bad("a post before its certificate", wire_of(body, device_proof(octets, "phone", NOW + 1, NOW + 2)))
bad("a post after its certificate", wire_of(body, device_proof(octets, "phone", NOW - 2, NOW - 1)))
bad("a device proof of four", wire_of(body, fine[:4]))
bad("a device proof of six", wire_of(body, fine + [0]))
for name, other in (("profile", body_of(PROFILE, content=["", "", []])),
                    ("vouch", body_of(VOUCH, content=[BEA, b""])),
                    ("retract", body_of(RETRACT, refs=[(SUBJECT, I)], content=[])),
                    ("unknown kind", body_of(500, content=[]))):
    bad(f"a {name} by a device", wire_of(other, device_proof(pack(other), "phone", first, last)))
bad("signed by somebody else", wire_of(body, proof_of(octets, "bea")), "proof")
bad("a signature over the id without its prefix", wire_of(body, sign(seed_of("ana"), blake(octets))[1]), "proof")
bad("one bit of the signature", wire_of(body, bytes([proof_of(octets)[0] ^ 1]) + proof_of(octets)[1:]), "proof")
bad("one letter of the text", wire_of(body_of(TEXT, content=["from my phony", "", 0, []]), proof_of(octets)), "proof")
bad("a device nobody certified", wire_of(body, fine[:3] + [bytes(64), fine[4]]), "proof")
bad("a device certified by somebody else", wire_of(body, device_proof(octets, "phone", first, last, "bea")), "proof")
bad("a certificate for other times", wire_of(body, [fine[0], first, last + 1, fine[3], fine[4]]), "proof")
bad("a device's signature by the author", wire_of(body, fine[:4] + [proof_of(octets)]), "proof")

print(json.dumps({
    "origin": "made by post_make.py in this folder from SPEC 2 to 4 alone; person N's seed is "
              "BLAKE2b-256(N)",
    "accept": accept, "reject": reject}, indent=1, ensure_ascii=False))
