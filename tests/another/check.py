"""Holds SPEC.md against kithd: a node written from the text alone speaks with one of ours.

KITH_BIN names the folder of kithd and kith.  Prints a line for each thing checked."""
import os
import signal
import subprocess
import sys
import tempfile
import time

import canon
import home as homes
import peer as peers
import sodium
from peer import BYE, JOIN, JOINED, NONE, PING, PONG, POSTS, RECON, RECON_END, WANT, Peer, greeted, post

BIN = os.environ["KITH_BIN"]
MALFORMED, PROOF, FUTURE, VERSION, UNEXPECTED, REFUSED = 2, 4, 5, 8, 11, 19


def now_s():
    return int(time.time())


def holds(what, fact):
    print(("ok      " if fact else "FAILED  ") + what, flush=True)
    if not fact:
        raise SystemExit(1)


def until(fact):
    """Asks again for a while: the other nodes need a moment, on a busy machine several."""
    for _ in range(100):
        if fact():
            return True
        time.sleep(0.1)
    return False


def text(words):
    return [words, "", 0, []]


def posts_frame(*wires):
    return bytes([0x90 + len(wires)]) + b"".join(wires)


class Stage:
    """A relay and a person's node joined to it, in a scratch folder."""

    def __init__(self, folder):
        self.relay_home, self.person_home = folder + "/relay", folder + "/person"
        self.started = []
        self.start("--home", self.relay_home, "--relay", "--listen", "127.0.0.1:0")
        self.relay = self.await_status(self.relay_home)
        subprocess.run([BIN + "/kithd", "--home", self.person_home, "--init", "--no-passphrase",
                        "--name", "Ana"], check=True, stdout=subprocess.DEVNULL)
        self.start("--home", self.person_home)
        self.person = self.await_status(self.person_home)

    def start(self, *options):
        self.started.append(subprocess.Popen([BIN + "/kithd", *options],
                                             stderr=subprocess.DEVNULL))

    def await_status(self, home):
        for _ in range(200):
            try:
                return homes.ask(home, "status")[0][0]
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the node in " + home + " does not answer")

    def stop(self):
        for process in self.started:
            process.send_signal(signal.SIGTERM)
        return [process.wait(20) for process in self.started]


def check_joining(stage):
    invite_text = homes.ask(stage.relay_home, "invite", uses=3)[0][0]["invite"]
    _, status, _ = homes.ask(stage.person_home, "join", invite=invite_text)
    holds("11.2 join by the node itself", status == 0)
    invite = peers.Invite(invite_text)
    holds("8.2 the invite is the relay's", invite.relay == stage.relay["identity"])
    subject = sodium.Signer(os.urandom(32))

    def answer_to(claim):
        peer, _ = greeted(stage.relay["address"])
        peer.send(JOIN, claim)
        return peer.await_frame(JOINED)[1][0]

    claim = invite.claim(subject)
    holds("8.3 a forged claim is refused", answer_to(claim[:-1] + bytes([claim[-1] ^ 1])) == PROOF)
    holds("8.3 a claim is admitted", answer_to(claim) == 0)
    holds("8.3 and may be repeated", answer_to(claim) == 0)
    holds("8.3 the last use", answer_to(invite.claim(sodium.Signer(os.urandom(32)))) == 0)
    holds("8.3 no use is left",
          answer_to(invite.claim(sodium.Signer(os.urandom(32)))) == REFUSED)
    return subject


def check_posts(stage, author):
    peer, hello = greeted(stage.relay["address"])
    holds("6.3 a relay proves who it is",
          hello[1] == 1 and hello[2] == stage.relay["identity"]
          and sodium.verifies(hello[3], hello[2], b"kith/relay/1" + peer.node_key))
    post_id, wire = post(author, 2, text("from another node"), now_s(), tags=["metoo"])
    peer.send(POSTS, posts_frame(wire))

    def shown():
        items, _, _ = homes.ask(stage.person_home, "tag", tag="MeToo")
        return [(item["id"], item["distance"]) for item in items]

    def served():
        other, _ = greeted(stage.relay["address"])
        other.send(WANT, canon.encode(post_id))
        kind, payload = other.frame()
        while kind not in (POSTS, NONE):  # it may say of what came just now that it is here
            kind, payload = other.frame()
        return payload if kind == POSTS else None

    holds("4.1 the octets received are the octets kept", until(lambda: served() == posts_frame(wire)))
    holds("9.3 a member is in the web of those who follow the relay",
          until(lambda: shown() == [(post_id, 2)]))
    missing = os.urandom(32)
    peer.send(WANT, canon.encode(missing))
    holds("6.4 what is not here is said", peer.await_frame(NONE)[1] == missing)

    peer.send(POSTS, posts_frame(post(author, 5, [], now_s(), refs=[[4, post_id]])[1]))
    holds("7.4 what was retracted is served no more", until(lambda: served() is None))
    holds("9.2 and shown no more", until(lambda: shown() == []))
    holds("11.4 an id of what is gone is no id",
          homes.ask(stage.person_home, "show", id=post_id.hex())[1] == 1)


def check_reconciliation(stage):
    peer, _ = greeted(stage.relay["address"])
    everything = b"\x61" + b"\x00\x00\x02\x00"  # a list of nothing, up to infinity
    peer.send(RECON, canon.encode([1, 0, everything]))
    session, _, message = peer.await_frame(RECON)[1]
    ids = peers.listed_ids(message)
    holds("7.2 a list is answered with a list", session == 1 and len(ids) >= 4)
    peer.send(RECON_END, canon.encode([1]))
    peer.send(WANT, canon.encode(b"".join(ids)))
    bodies = []
    while len(bodies) < len(ids):
        for body, proof in peer.await_frame(POSTS)[1]:
            post_id, author = sodium.blake(body), canon.decode(body)[2]
            holds(f"4.4 a proof verifies: {post_id.hex()[:8]}",
                  post_id in ids and sodium.verifies(proof, author, b"kith/post/1" + post_id))
            bodies.append(body)
    equal = b"\x61" + b"\x00\x00\x01" + peers.fingerprint(ids)
    peer.send(RECON, canon.encode([3, 0, equal]))
    holds("7.2 equal sets need no more words", peer.await_frame(RECON)[1] == [3, 0, b"\x61"])
    peer.send(RECON, canon.encode([5, 0, b"\x62"]))
    holds("7.2 another version is answered with ours", peer.await_frame(RECON)[1] == [5, 0, b"\x61"])


def check_refusals(stage, author):
    def ending_of(*frames, where=stage.relay["address"]):
        peer, _ = greeted(where)
        try:
            for frame in frames:
                peer.send(*frame)
        except ConnectionError:
            pass  # closed before the last frame: why stands in the BYE
        return peer.ending()

    good = post(author, 2, text("x"), now_s())[1]
    holds("6.4 a bad proof", ending_of((POSTS, posts_frame(good[:-1] + bytes([good[-1] ^ 1])))) == PROOF)
    holds("6.4 its good copy is welcome", ending_of((POSTS, posts_frame(good)), (BYE, b"\x91\x00")) == 0)
    not_a_policy = post(author, 2, ["x", "", 3, []], now_s())[1]
    holds("4.5 a field out of range", ending_of((POSTS, posts_frame(not_a_policy))) == MALFORMED)
    ahead = [(POSTS, posts_frame(post(author, 2, text(str(i)), now_s() + 5000)[1])) for i in range(65)]
    holds("4.3 posts dated ahead", ending_of(*ahead) == FUTURE)
    holds("6.3 HELLO twice", ending_of((1, canon.encode([1, 0, b"", b"", 0]))) == UNEXPECTED)
    holds("6.3 513 ids", ending_of((WANT, canon.encode(bytes(32 * 513)))) == MALFORMED)
    holds("6.4 JOIN to a person's node",
          ending_of((JOIN, b"\x90"), where=stage.person["address"]) == UNEXPECTED)
    holds("6.2 a type of no meaning closes without a word", ending_of((40,)) is None)
    holds("6.2 so does a flag", ending_of((PING, b"", 1)) is None)

    peer, _ = greeted(stage.relay["address"])
    peer.send(64, b"for later")
    peer.send(PING)
    holds("6.2 an extension is skipped, PING answered", peer.await_frame(PONG)[0] == PONG)
    peer = Peer(stage.relay["address"])
    peer.frame()
    peer.send(1, canon.encode([2, 0, b"", b""]))
    holds("6.3 another version", peer.ending() == VERSION)


def check_home(stage):
    home = homes.Home(stage.person_home, b"correct horse")
    holds("10.2 the home key comes from passphrase and keyslot", len(home.master) == 32)
    identity = sodium.Signer(sodium.derive(home.seed, b"kithseed", 1)).public
    holds("10.2 the identity derives from the seed", identity == stage.person["identity"])
    node_key = sodium.x25519_public(sodium.derive(home.seed, b"kithseed", 2))
    holds("10.2 and the static key",
          node_key == peers.address(stage.person["address"])[2])
    holds("10.4 the vault knows the relay and the block",
          [row[4] for row in home.peers] == [True] and len(home.blocks) == 1)
    journal = home.records("journal", 2)
    generations = [int.from_bytes(plain[1:], "big") for plain in journal.values() if plain[0] == 3]
    holds("10.4 the journal has the vault's generation", max(generations) == home.generation)
    blocked = [plain[1:33] for plain in journal.values() if plain[0] == 5]
    holds("10.5 and its block", blocked == [row[0] for row in home.blocks])
    log = home.records("log", 3)
    ids = [sodium.blake(canon.decode(plain)[0]) for plain in log.values()]
    own = [plain[1:33] for plain in journal.values() if plain[0] == 1]
    holds("10.5 every own post stands in the log", own and set(own) <= set(ids))
    holds("10.6 records are numbered from 0 on", list(log) == list(range(len(log))))


def main():
    if sodium.sodium is None:
        raise SystemExit("libsodium was not found")
    with tempfile.TemporaryDirectory(prefix="kith-another.") as folder:
        stage = Stage(folder)
        try:
            author = check_joining(stage)
            check_posts(stage, author)
            check_reconciliation(stage)
            check_refusals(stage, author)
            holds("11.2 post", homes.ask(stage.person_home, "post", text="hello")[1] == 0)
            holds("11.2 block by key alone",
                  homes.ask(stage.person_home, "block", who=os.urandom(32).hex())[1] == 0)
            holds("11.2 passphrase",
                  homes.ask(stage.person_home, "passphrase", new="correct horse")[1] == 0)
            holds("11.6 locking", homes.ask(stage.person_home, "lock", after=600)[1] == 0)
            holds("11.2 an unknown command", homes.ask(stage.person_home, "nonsense")[1] == 2)
        finally:
            ends = stage.stop()
        holds("a clean stop", ends == [0, 0])
        check_home(stage)


if __name__ == "__main__":
    sys.exit(main())
