// Reconciliation against nostr-tools, octet for octet:
//
//   - both as initiator on the same set, fed the same messages, must say the same and find the same;
//   - both as responder must answer alike.  nostr-tools has no answer to lists of ids (it only
//     serves as a client), so such messages go to this implementation alone, and what its answers
//     are worth is what nostr-tools as the initiator finds from them;
//   - as initiator against nostr-tools as responder, both together must find every difference.
//
// node interop.mjs HARNESS [--sessions N] [--seed N] [--record FILE]

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { kithPeer, nostrPeer } from "./peers.mjs";
import { makeSets, randomFrom, randomShape } from "./sets.mjs";
import { goldenShapes, origin, rejected } from "./golden.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: "string", default: "150" },
    seed: { type: "string", default: "1" },
    record: { type: "string" },
  },
});
const harness = positionals[0];
if (!harness) throw new Error("usage: interop.mjs HARNESS [--sessions N] [--seed N] [--record FILE]");

function same(what, ours, theirs) {
  const cut = (text) => String(text).slice(0, 1000);
  if (ours !== theirs) throw new Error(`${what} differ\n  ours   ${cut(ours)}\n  theirs ${cut(theirs)}`);
}

function sameIds(what, found, expected) {
  same(what, [...found].sort().join(" "), [...expected].sort().join(" "));
}

// Whether a message holds a list of ids.
function listsIds(hex) {
  const octets = Buffer.from(hex, "hex");
  let at = 1;
  const number = () => {
    let value = 0;
    for (;;) {
      const octet = octets[at++];
      value = value * 128 + (octet & 127);
      if (octet < 128) return value;
    }
  };
  while (at < octets.length) {
    number();
    const prefixLen = number();
    at += prefixLen;
    const mode = number();
    if (mode === 2) return true;
    if (mode === 1) at += 16;
  }
  return false;
}

// Both implementations in both roles, side by side.  Answers the messages that were exchanged.
async function sideBySide(sets, frameMax) {
  const ours = kithPeer(harness, sets.a, frameMax);
  const theirs = nostrPeer(sets.a, frameMax);
  const responder = kithPeer(harness, sets.b, frameMax);
  const shadow = nostrPeer(sets.b, frameMax);
  const messages = [];
  const have = [];
  const need = [];
  let mine = await ours.initiate();
  let other = theirs.initiate();
  while (mine.msg !== null || other.msg !== null) {
    same("messages of the initiator", mine.msg, other.msg);
    messages.push(mine.msg);
    const reply = await responder.receive(mine.msg);
    if (!listsIds(mine.msg)) {
      same("messages of the responder", reply.msg, shadow.receive(mine.msg).msg ?? "61");
    }
    messages.push(reply.msg);
    mine = await ours.receive(reply.msg);
    other = theirs.receive(reply.msg);
    sameIds("ids had", mine.have, other.have);
    sameIds("ids needed", mine.need, other.need);
    have.push(...mine.have);
    need.push(...mine.need);
  }
  ours.close();
  responder.close();
  // Where a frame was full, ids can be found twice.
  sameIds("ids had in all", new Set(have), sets.onlyA);
  sameIds("ids needed in all", new Set(need), sets.onlyB);
  return messages;
}

// Ours asks, nostr-tools answers.
async function againstTheirResponder(sets, frameMax) {
  const ours = kithPeer(harness, sets.a, frameMax);
  const theirs = nostrPeer(sets.b, frameMax);
  const onlyA = new Set();
  const onlyB = new Set();
  for (let mine = await ours.initiate(); mine.msg !== null; ) {
    const reply = theirs.receive(mine.msg);
    mine = await ours.receive(reply.msg ?? "61");
    for (const id of [...mine.have, ...reply.need]) onlyA.add(id);
    for (const id of [...mine.need, ...reply.have]) onlyB.add(id);
  }
  ours.close();
  sameIds("ids of A found between both", onlyA, sets.onlyA);
  sameIds("ids of B found between both", onlyB, sets.onlyB);
}

async function record(file) {
  const sessions = [];
  for (const { name, ...shape } of goldenShapes) {
    const messages = await sideBySide(makeSets(shape), shape.frameMax);
    sessions.push({ name, ...shape, messages });
  }
  writeFileSync(file, `${JSON.stringify({ origin, sessions, rejected }, null, 1)}\n`);
}

if (options.record) {
  await record(options.record);
} else {
  const random = randomFrom(Number(options.seed));
  let octets = 0;
  for (let i = 0; i < Number(options.sessions); i++) {
    const shape = randomShape(random);
    try {
      const sets = makeSets(shape);
      const messages = await sideBySide(sets, shape.frameMax);
      octets += messages.join("").length / 2;
      await againstTheirResponder(sets, shape.frameMax);
    } catch (error) {
      console.error(`session ${i} of seed ${options.seed}: ${JSON.stringify(shape)}\n${error.message}`);
      process.exit(1);
    }
  }
  console.log(`${options.sessions} sessions, ${octets} octets: the same as nostr-tools, in both roles`);
}
