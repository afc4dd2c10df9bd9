"""SPEC 6 to 8: a connection to a node, posts, reconciliation, invites and claims."""
import base64
import hashlib
import os
import re
import socket
import struct

import canon
import sodium
from sodium import blake

HELLO, POSTS, WANT, RECON, RECON_END, JOIN, JOINED, PING, PONG, BYE, NONE = range(1, 12)


def nonce(count):
    return bytes(4) + struct.pack("<Q", count)


def base32(text):
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def address(text):
    """SPEC 8.1: host, port and static key."""
    found = re.fullmatch(r"kith://(.*):(\d+)/([a-z2-7]{52})", text)
    return found[1].strip("[]"), int(found[2]), base32(found[3])


class Peer:
    """A connection to the node at an address, its channel made (SPEC 6.1)."""

    def __init__(self, where):
        host, port, self.node_key = address(where)
        self.socket = socket.create_connection((host, port))
        self.socket.settimeout(10)
        self.frames = b""
        self.sent = self.received = 0
        self.shake_hands()

    def shake_hands(self):
        secret, ephemeral = os.urandom(32), os.urandom(32)
        name = b"Noise_XK_25519_ChaChaPoly_BLAKE2b".ljust(64, b"\0")
        self.hash = chain = name
        self.mix(b"kith/1")
        self.mix(self.node_key)

        public = sodium.x25519_public(ephemeral)
        self.mix(public)
        chain, key = sodium.hkdf(chain, sodium.x25519(ephemeral, self.node_key))
        first = public + self.shake_seal(key, 0, b"")
        assert len(first) == 48
        self.send_message(first)

        second = self.receive_message()
        assert len(second) == 48
        theirs = second[:32]
        self.mix(theirs)
        chain, key = sodium.hkdf(chain, sodium.x25519(ephemeral, theirs))
        sodium.unseal(key[:32], nonce(0), self.hash, second[32:])
        self.mix(second[32:])

        third = self.shake_seal(key, 1, sodium.x25519_public(secret))
        chain, key = sodium.hkdf(chain, sodium.x25519(secret, theirs))
        third += self.shake_seal(key, 0, b"")
        assert len(third) == 64
        self.send_message(third)
        send_key, receive_key = sodium.hkdf(chain, b"")
        self.send_key, self.receive_key = send_key[:32], receive_key[:32]

    def mix(self, octets):
        self.hash = blake(self.hash + octets, 64)

    def shake_seal(self, key, count, plain):
        sealed = sodium.seal(key[:32], nonce(count), self.hash, plain)
        self.mix(sealed)
        return sealed

    def send_message(self, message):
        self.socket.sendall(struct.pack(">H", len(message)) + message)

    def receive(self, length):
        octets = b""
        while len(octets) < length:
            more = self.socket.recv(length - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def receive_message(self):
        return self.receive(struct.unpack(">H", self.receive(2))[0])

    def send(self, kind, payload=b"", flags=0):
        frame = bytes([kind, flags]) + len(payload).to_bytes(3, "big") + payload
        self.send_message(sodium.seal(self.send_key, nonce(self.sent), b"", frame))
        self.sent += 1

    def frame(self):
        while True:
            if len(self.frames) >= 5:
                end = 5 + int.from_bytes(self.frames[2:5], "big")
                if len(self.frames) >= end:
                    kind, payload = self.frames[0], self.frames[5:end]
                    self.frames = self.frames[end:]
                    return kind, payload
            self.frames += sodium.unseal(self.receive_key, nonce(self.received), b"",
                                         self.receive_message())
            self.received += 1

    def await_frame(self, *kinds):
        """The next frame of these kinds, decoded where it holds anything."""
        while True:
            kind, payload = self.frame()
            if kind in kinds:
                return kind, canon.decode(payload) if payload else None

    def ending(self):
        """The reason of BYE, or None where the node closed without a word."""
        try:
            return self.await_frame(BYE)[1][0]
        except (EOFError, ConnectionError):
            return None


def greeted(where):
    """A peer that said HELLO as a person's node does, and what the other said."""
    peer = Peer(where)
    kind, payload = peer.frame()
    assert kind == HELLO
    peer.send(HELLO, canon.encode([1, 0, b"", b"", 0]))
    return peer, canon.decode(payload)


def post(author, kind, content, created_s, tags=(), refs=(), expires_s=0):
    """SPEC 4: a signed post's id and wire octets."""
    body = canon.encode([1, kind, author.public, created_s, expires_s, list(tags), list(refs), content])
    post_id = blake(body)
    return post_id, canon.encode([body, author.sign(b"kith/post/1" + post_id)])


def varint(value):
    octets = [value & 0x7f]
    while value > 0x7f:
        value >>= 7
        octets.append(value & 0x7f | 0x80)
    return bytes(reversed(octets))


def read_varint(octets, at):
    value = 0
    while True:
        value = value << 7 | octets[at] & 0x7f
        at += 1
        if octets[at - 1] < 0x80:
            return value, at


def listed_ids(message):
    """The ids of all lists in a message of reconciliation (SPEC 7.2)."""
    assert message[0] == 0x61
    at, ids = 1, []
    while at < len(message):
        _, at = read_varint(message, at)
        prefix_len, at = read_varint(message, at)
        mode, at = read_varint(message, at + prefix_len)
        if mode == 1:
            at += 16
        elif mode == 2:
            count, at = read_varint(message, at)
            ids += [message[at + 32 * i:at + 32 * i + 32] for i in range(count)]
            at += 32 * count
    return ids


def fingerprint(ids):
    total = sum(int.from_bytes(post_id, "little") for post_id in ids) % (1 << 256)
    return hashlib.sha256(total.to_bytes(32, "little") + varint(len(ids))).digest()[:16]


class Invite:
    """SPEC 8.2, from its text; checked as a reader must."""

    def __init__(self, text):
        assert text.startswith("kithinvite1")
        octets = base32(text[len("kithinvite1"):])
        fields, checksum = octets[:-4], octets[-4:]
        assert blake(fields)[:4] == checksum
        (_, _, _, _, self.relay, self.inviter, seed, self.uses, self.until_s,
         self.cert) = canon.decode(fields)
        self.seed = sodium.Signer(seed)
        terms = self.relay + self.seed.public + struct.pack(">IQ", self.uses, self.until_s)
        assert sodium.verifies(self.cert, self.inviter, b"kith/invite/1" + terms)

    def claim(self, subject):
        """SPEC 8.3."""
        return canon.encode([
            1, self.relay, self.inviter, self.seed.public, self.uses, self.until_s, self.cert,
            subject.public, self.seed.sign(b"kith/claim/1" + self.relay + subject.public),
            subject.sign(b"kith/join/1" + self.relay + self.seed.public)])
