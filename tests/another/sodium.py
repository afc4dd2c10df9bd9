"""libsodium's primitives, and nothing else of it."""
import ctypes
import ctypes.util
import hashlib
import hmac

LIBRARY = ctypes.util.find_library("sodium")
sodium = ctypes.CDLL(LIBRARY) if LIBRARY else None
if sodium is not None:
    sodium.sodium_init()


def room(length):
    return ctypes.create_string_buffer(max(length, 1))


def size(octets):
    return ctypes.c_ulonglong(len(octets))


def blake(message, length=32, key=b""):
    return hashlib.blake2b(message, digest_size=length, key=key).digest()


def hkdf(chaining_key, message):
    """The first two outputs of Noise's HKDF over BLAKE2b-512."""
    def mac(key, octets):
        return hmac.new(key, octets, lambda start=b"": hashlib.blake2b(start)).digest()
    secret = mac(chaining_key, message)
    first = mac(secret, b"\1")
    return first, mac(secret, first + b"\2")


def x25519(secret, public):
    out = room(32)
    assert sodium.crypto_scalarmult(out, secret, public) == 0
    return out.raw


def x25519_public(secret):
    out = room(32)
    sodium.crypto_scalarmult_base(out, secret)
    return out.raw


def seal(key, nonce, ad, plain):
    out = room(len(plain) + 16)
    sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
        out, None, plain, size(plain), ad, size(ad), None, nonce, key)
    return out.raw


def unseal(key, nonce, ad, sealed, cipher="chacha20poly1305"):
    """The plain octets; fails where they do not authenticate."""
    out = room(len(sealed) - 16)
    decrypt = getattr(sodium, f"crypto_aead_{cipher}_ietf_decrypt")
    assert decrypt(out, None, None, sealed, size(sealed), ad, size(ad), nonce, key) == 0
    return out.raw[:len(sealed) - 16]


def argon2id(passphrase, salt, ops, mem_kib):
    out = room(32)
    assert sodium.crypto_pwhash(out, size(out.raw), passphrase, size(passphrase), salt, ctypes.c_ulonglong(ops),
                                ctypes.c_size_t(mem_kib * 1024), 2) == 0
    return out.raw


def derive(key, context, number):
    out = room(32)
    sodium.crypto_kdf_derive_from_key(out, ctypes.c_size_t(32), ctypes.c_uint64(number), context, key)
    return out.raw


class Signer:
    def __init__(self, seed):
        public, self.secret = room(32), room(64)
        sodium.crypto_sign_seed_keypair(public, self.secret, seed)
        self.public = public.raw

    def sign(self, message):
        out = room(64)
        sodium.crypto_sign_detached(out, None, message, size(message), self.secret)
        return out.raw


def verifies(signature, public, message):
    return sodium.crypto_sign_verify_detached(signature, message, size(message), public) == 0
