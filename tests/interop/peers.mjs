// The two implementations behind one interface: initiate() and receive(hex) answer
// { msg, have, need }, where msg is null once an initiator is done.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
// The package exports no path to this part of it.
import { Negentropy, NegentropyStorageVector } from "./node_modules/nostr-tools/lib/esm/nip77.js";

export function nostrPeer(items, frameMax) {
  const storage = new NegentropyStorageVector();
  for (const { created_s, id } of items) storage.insert(created_s, id);
  storage.seal();
  const machine = new Negentropy(storage, frameMax);
  return {
    initiate: () => ({ msg: machine.initiate(), have: [], need: [] }),
    receive(hex) {
      const have = [];
      const need = [];
      const msg = machine.reconcile(hex, (id) => have.push(id), (id) => need.push(id));
      return { msg, have, need };
    },
  };
}

// Frees itself with close().
export function kithPeer(harness, items, frameMax) {
  const child = spawn(harness, {
    env: { ...process.env, FRAMESIZELIMIT: String(frameMax) },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = (line) => child.stdin.write(`${line}\n`);

  async function answer() {
    const have = [];
    const need = [];
    for (;;) {
      const { value: line, done } = await lines.next();
      if (done) throw new Error("the harness stopped");
      const [word, hex] = line.split(",");
      if (word === "have") have.push(hex);
      else if (word === "need") need.push(hex);
      else if (word === "msg") return { msg: hex, have, need };
      else if (word === "done") return { msg: null, have, need };
      else throw new Error(`the harness said ${line}`);
    }
  }

  for (const { created_s, id } of items) tell(`item,${created_s},${id}`);
  tell("seal");
  return {
    initiate() {
      tell("initiate");
      return answer();
    },
    receive(hex) {
      tell(`msg,${hex}`);
      return answer();
    },
    close: () => child.stdin.end(),
  };
}
