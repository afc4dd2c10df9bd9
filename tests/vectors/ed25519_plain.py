"""Ed25519 in plain integers, written from RFC 8032 and SPEC 4.4 alone, sharing nothing with
libsodium; slow, and only for making vectors."""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def x_of(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P:
        return None
    return P - x if x and x % 2 != sign else x


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P)


def mul(n, point):
    total = (0, 1)
    while n:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def neg(point):
    return (-point[0] % P, point[1])


def enc(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def dec(octets):
    number = int.from_bytes(octets, "little")
    y, sign = number & (2**255 - 1), number >> 255
    x = x_of(y % P, sign)
    return None if x is None else (x, y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
B = (x_of(BASE_Y, 0), BASE_Y)


def torsion():
    """A point of order 8, as L times any point that has one."""
    y = 2
    while True:
        y += 1
        x = x_of(y, 0)
        if x is not None:
            t = mul(L, (x, y))
            if mul(4, t) != (0, 1):
                return t


T8 = torsion()
SMALL = [mul(i, T8) for i in range(8)]
T2, T4 = SMALL[4], SMALL[2]


def small_encodings():
    out = []
    for point in SMALL:
        x, y = point
        for candidate in (y, y + P):
            if candidate < 2**255:
                for sign in (0, 1):
                    octets = (candidate | sign << 255).to_bytes(32, "little")
                    if (sign == x & 1) or x == 0:
                        out.append(octets)
    return sorted(set(out))


def challenge(r, a, message):
    return int.from_bytes(hashlib.sha512(r + a + message).digest(), "little") % L


def valid(key, message, sig):
    """The rule, word for word."""
    r, s = sig[:32], int.from_bytes(sig[32:], "little")
    if s >= L:
        return False
    a = dec(key)
    if a is None or enc(a) != key or a in SMALL:
        return False
    if dec(r) in SMALL:
        return False
    k = challenge(r, key, message)
    return enc(add(mul(s, B), neg(mul(k, a)))) == r


def rfc8032(seed):
    h = hashlib.sha512(seed).digest()
    a = int.from_bytes(h[:32], "little") & (2**254 - 8) | 2**254
    return a, h[32:]


def sign(seed, message):
    a, prefix = rfc8032(seed)
    key = enc(mul(a, B))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    point = enc(mul(r, B))
    s = (r + challenge(point, key, message) * a) % L
    return key, point + s.to_bytes(32, "little")
