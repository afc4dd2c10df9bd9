#!/usr/bin/env python3
"""Prints padding.json: lengths by PADME as published, and of flushes by SPEC 6.2.

The formula is that of Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs" (PoPETs 2019), algorithm 1, in whole numbers."""
import json


def padme(length):
    exponent = length.bit_length() - 1
    mantissa = exponent.bit_length()  # floor(log2(exponent)) + 1
    mask = (1 << max(exponent - mantissa, 0)) - 1
    return (length + mask) & ~mask


def flush(length):
    if length <= 512:
        return 512
    return padme(length) if length < 1 << 20 else -(-length // 32768) * 32768


lengths = [2, 3, 8, 9, 10, 15, 16, 17, 31, 33, 100, 250, 465, 511, 512, 513, 543, 544, 545, 1000, 1023, 1024, 1025,
           4095, 4097, 9999, 65535, 65537, 65553, 100000, 131074, 262144, 262145, 500000, 1048575, 1048576,
           1048577, 1081344, 1081345, 5000000, 123456789]
# The 12 % are meant of what is longer than the floor.
assert all(n <= padme(n) <= n * 1.12 for n in range(2, 1 << 16))
print(json.dumps({
    "source": "padding_make.py, from the published formula",
    "cases": [{"len": n, "padme": padme(n), "flush": flush(n)} for n in lengths]}, indent=1))
