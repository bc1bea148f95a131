#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Hashes of variants, computed from the definition in docs/sidecar.md and the paper on SipHash alone.

    variant_vectors.py > vectors.json        identities and their hashes
    variant_vectors.py --check vectors.json  whether that is what is in the file
"""

import json
import random
import sys

MASK = (1 << 64) - 1
LISTS = ("sysctls", "kargs", "flags")


def rotl(value, bits):
    return (value << bits | value >> (64 - bits)) & MASK


def sip_round(v0, v1, v2, v3):
    v0 = (v0 + v1) & MASK
    v2 = (v2 + v3) & MASK
    v1 = rotl(v1, 13) ^ v0
    v3 = rotl(v3, 16) ^ v2
    v0 = rotl(v0, 32)
    v2 = (v2 + v1) & MASK
    v0 = (v0 + v3) & MASK
    v1 = rotl(v1, 17) ^ v2
    v3 = rotl(v3, 21) ^ v0
    v2 = rotl(v2, 32)
    return v0, v1, v2, v3


def siphash(data, compressions=1, finalizations=3, key0=0, key1=0):
    state = (key0 ^ 0x736F6D6570736575, key1 ^ 0x646F72616E646F6D, key0 ^ 0x6C7967656E657261, key1 ^ 0x7465646279746573)
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) % 256])
    for start in range(0, len(padded), 8):
        word = int.from_bytes(padded[start:start + 8], "little")
        v0, v1, v2, v3 = state
        state = (v0, v1, v2, v3 ^ word)
        for _ in range(compressions):
            state = sip_round(*state)
        state = (state[0] ^ word, *state[1:])
    state = (state[0], state[1], state[2] ^ 0xFF, state[3])
    for _ in range(finalizations):
        state = sip_round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def variant(identity):
    canonical = {"payload": None, **identity}
    for name in LISTS:
        if name in canonical:
            canonical[name] = sorted(canonical[name], key=lambda text: text.encode())
    for name in ("flags", "parameters"):
        if not canonical.get(name):
            canonical.pop(name, None)
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{siphash(text.encode()):016x}"


def identities():
    plain = {"topology": "1n2l2c1t", "scheduler": "eevdf", "work_type": "spin_wait", "sysctls": [], "kargs": []}
    yield plain
    yield {**plain, "payload": "schbench"}
    yield {**plain, "payload": "a+b", "work_type": ""}
    yield {**plain, "kargs": ["b=2", "a=1"], "sysctls": ["sysctl.kernel.numa_balancing=0", "sysctl.a.b=0"]}
    yield {**plain, "scheduler": "scx_ktstr", "flags": ["z", "a"]}
    yield {**plain, "parameters": {"workers": "4", "burst": "5ms"}}
    yield {**plain, "scheduler": "quote\" back\\slash", "kargs": ["tab\t", "new\nline", "\x01\x1f\x7f", "é€😀"]}
    generator = random.Random(7)
    letters = "abcXYZ019 _-./=\"\\\n\té€"
    for _ in range(40):
        word = lambda: "".join(generator.choice(letters) for _ in range(generator.randrange(12)))
        words = lambda: [word() for _ in range(generator.randrange(4))]
        yield {"topology": word(), "scheduler": word(), "work_type": word(), "sysctls": words(), "kargs": words(),
               "payload": generator.choice([None, "p" + word()]), "flags": words(),
               "parameters": {f"p{index}": word() for index in range(generator.randrange(3))}}


def main():
    # The authors' own vectors, for SipHash-2-4: bytes 00 01 02 ... under the key 00 01 02 ...
    key = (0x0706050403020100, 0x0F0E0D0C0B0A0908)
    if siphash(bytes(range(15)), 2, 4, *key) != 0xA129CA6149BE45E5 or siphash(b"", 2, 4, *key) != 0x726FDB47DD0E0E31:
        sys.exit("this is not SipHash")
    vectors = [{"identity": identity, "variant": variant(identity)} for identity in identities()]
    if sys.argv[1:2] != ["--check"]:
        print(json.dumps(vectors, indent=1, ensure_ascii=False))
        return
    with open(sys.argv[2], encoding="utf-8") as file:
        if json.load(file) != vectors:
            sys.exit(f"{sys.argv[2]} is not what the definition says: make it again")


if __name__ == "__main__":
    main()
