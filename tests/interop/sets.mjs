// Sets of posts from a few numbers, the same here and in tests/support/negentropy_sets.c.

import { createHash } from "node:crypto";

// Item i has created_s = 1700000000 + (i * step) % span and the id SHA-256("SEED:i") with its
// first `zeros` octets set to zero.  The first onlyA items are A's alone, the next onlyB B's.
export function makeSets({ seed, shared, onlyA, onlyB, step, span, zeros }) {
  const sets = { a: [], b: [], onlyA: new Set(), onlyB: new Set() };
  for (let i = 0; i < onlyA + onlyB + shared; i++) {
    const id = createHash("sha256").update(`${seed}:${i}`).digest().fill(0, 0, zeros).toString("hex");
    const item = { created_s: 1700000000 + ((i * step) % span), id };
    if (i < onlyA) sets.onlyA.add(id);
    else if (i < onlyA + onlyB) sets.onlyB.add(id);
    if (!sets.onlyB.has(id)) sets.a.push(item);
    if (!sets.onlyA.has(id)) sets.b.push(item);
  }
  return sets;
}

// A small generator, so that a failing run can be had again from its seed.
export function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return { below: (n) => next() % n, pick: (list) => list[next() % list.length] };
}

export function randomShape(random) {
  const size = () => random.pick([0, 0, 1, 5, 40, 300, 1 + random.below(1000)]);
  const shape = {
    seed: `s${random.below(1e9)}`,
    shared: random.pick([0, 15, 16, 31, 32, 33, 500, random.below(4000)]),
    onlyA: size(),
    onlyB: size(),
    step: 1 + random.below(10007),
    span: random.pick([1, 2, 20, 5000, 30000000]),
    zeros: random.pick([0, 0, 0, 1, 20, 28]),
  };
  const frameMax = random.pick([4096, 4096, 5000, 60000, 131072]);
  return { ...shape, frameMax };
}
