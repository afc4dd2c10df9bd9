// The sessions recorded in tests/vectors/negentropy.json.

export const origin =
  "Recorded by tests/interop/interop.mjs --record from nostr-tools 2.25.2 (nip77) and this implementation " +
  "side by side: every message of the initiator and every answer to fingerprints is octet for octet what " +
  "nostr-tools says; answers to lists of ids, which it does not give, are ours, and nostr-tools found the " +
  "exact differences from them. Sets are made as tests/interop/sets.mjs describes.";

const shape = (name, shared, onlyA, onlyB, rest) => ({
  name,
  seed: name,
  shared,
  onlyA,
  onlyB,
  step: 7919,
  span: 30000000,
  zeros: 0,
  frameMax: 131072,
  ...rest,
});

export const goldenShapes = [
  shape("both empty", 0, 0, 0),
  shape("one post each", 0, 1, 1),
  shape("a has nothing", 0, 0, 20),
  shape("b has nothing", 0, 20, 0),
  shape("31 equal posts", 31, 0, 0),
  shape("32 equal posts", 32, 0, 0),
  shape("33 posts and one more", 33, 1, 0),
  shape("1000 equal posts", 1000, 0, 0),
  shape("a few differences in 1000", 1000, 3, 4),
  shape("all at one second", 600, 5, 5, { span: 1 }),
  shape("all at one second with ids close together", 200, 5, 5, { span: 1, zeros: 28 }),
  shape("two seconds", 300, 10, 10, { span: 2 }),
  shape("dense differences", 100, 60, 60),
  shape("a small frame", 500, 120, 300, { frameMax: 4096 }),
];

// Messages that no implementation sends.  nostr-tools is not as strict; these are SPEC.md's rules.
export const rejected = [
  { why: "no version", message: "", error: "truncated" },
  { why: "not a version", message: "70", error: "malformed" },
  { why: "a bound and nothing", message: "610000", error: "truncated" },
  { why: "a time with a leading zero digit", message: "6180050000", error: "malformed" },
  { why: "a number above 64 bits", message: "6183ffffffffffffffff7f0000", error: "malformed" },
  { why: "a time after infinity", message: "61000000010000", error: "malformed" },
  { why: "infinity with an id prefix", message: "610001aa00", error: "malformed" },
  { why: "an id prefix of 33 octets", message: `610221${"aa".repeat(33)}00`, error: "malformed" },
  { why: "ids going backwards", message: "610201bb000101aa00", error: "malformed" },
  { why: "an unknown mode", message: "61000003", error: "malformed" },
  { why: "a fingerprint cut short", message: `61000001${"aa".repeat(15)}`, error: "truncated" },
  { why: "a list with too few ids", message: `6100000202${"aa".repeat(32)}`, error: "truncated" },
];
