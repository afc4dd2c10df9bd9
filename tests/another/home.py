"""SPEC 10 and 11: a home's files, and its control socket."""
import os
import socket
import struct

import canon
import sodium

FRAME_LEN = 65536
ROW = ">IIQQQIB"


class Home:
    def __init__(self, path, passphrase=None):
        self.path = path
        self.master = self.home_key(passphrase)
        (version, self.kind, self.generation, self.saved_s, self.seed, self.petnames, self.follows,
         self.tags, self.blocks, self.shields, self.peers, self.claims,
         self.imported, self.steps, self.unconfirmed, self.elsewhere,
         self.confirmed_s, self.lock_after_s, self.log_id) = canon.decode(self.sealed("vault", 2, 1))
        assert version == 5 and len(self.log_id) == 16

    def home_key(self, passphrase):
        key = self.read("key")
        assert key[:8] == b"kithkey\2" and len(key) == 137
        assert sodium.blake(key[:-16], 16) == key[-16:]
        if key[8] == 1:
            return key[57:89]
        slot = self.read("keyslot")
        assert key[8] == 2 and sodium.blake(slot, 16) == key[105:121]
        ops, mem_kib, salt, nonce = struct.unpack(">II16s24s", key[9:57])
        hashed = sodium.argon2id(passphrase, salt, ops, mem_kib)
        wrapping = sodium.blake(hashed, 32, slot)
        return sodium.unseal(wrapping, nonce, key[:33], key[57:105], "xchacha20poly1305")

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def sealed(self, name, purpose, number):
        octets = self.read(name)
        assert octets[:6] == b"kith\1" + bytes([purpose])
        key = sodium.derive(self.master, b"kithhome", number)
        return sodium.unseal(key, octets[6:30], octets[:6], octets[30:], "xchacha20poly1305")

    def records(self, folder, number):
        """The plain octets of every record of a log, by its number."""
        manifest = self.sealed(folder + "/manifest", 1, number)
        assert manifest[:9] == b"manifest\3"
        row_len = struct.calcsize(ROW) + 32
        found = {}
        for at in range(41, len(manifest), row_len):
            row = struct.unpack(ROW, manifest[at:at + row_len - 32])
            found.update(self.segment(folder, row, manifest[at + row_len - 32:at + row_len]))
        return found

    def segment(self, folder, row, key):
        name, generation, first = row[:3]
        octets = self.read(f"{folder}/{name:08x}.{generation:x}")
        number, found = first, {}
        for start in range(0, len(octets), FRAME_LEN):
            frame = octets[start:start + FRAME_LEN]
            assert first + int.from_bytes(frame[:4], "big") == number
            at = 4
            while at < len(frame) and frame[at] != 0:
                assert frame[at] in (0xa5, 0x5a)
                end = at + 3 + int.from_bytes(frame[at + 1:at + 3], "big") + 16
                ad = b"kith/log/1" + struct.pack(">IIQ", name, generation, number) + frame[at:at + 3]
                nonce = bytes(4) + struct.pack(">Q", number)
                found[number] = sodium.unseal(key, nonce, ad, frame[at + 3:end])
                at, number = end, number + 1
        return found


def ask(home, command, **arguments):
    """One request over the control socket: its items, exit status and text (SPEC 11)."""
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(20)
        control.connect(os.path.join(home, "control.sock"))
        request = canon.encode([1, 7, command, arguments])
        control.sendall(struct.pack(">I", len(request)) + request)
        stream = control.makefile("rb")
        items = []
        while True:
            length = struct.unpack(">I", stream.read(4))[0]
            kind, request_id, *rest = canon.decode(stream.read(length))
            assert request_id == 7
            if kind == 4:
                return items, rest[0], rest[1]
            if kind == 3:
                items.append(rest[0])
