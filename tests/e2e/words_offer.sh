#!/usr/bin/env bash
# On a terminal init offers the 24 words: shown, then gone from the screen, then two asked back.
source "$(dirname "$0")/lib.sh"
has_terminals || { echo "no terminals here"; exit 0; }

cat >"$scratch/types.py" <<'PYTHON'
import os, pty, re, select, sys, time

pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
out = ""

def waits_for(pattern, start):
    global out
    end = time.time() + 20
    while time.time() < end:
        found = re.compile(pattern, re.S).search(out, start)
        if found:
            return found
        if select.select([fd], [], [], 0.1)[0]:
            try:
                out += os.read(fd, 4096).decode()
            except OSError:
                break
    sys.exit(f"not said: {pattern}: {out}")

def types(line):
    time.sleep(0.2)
    os.write(fd, (line + "\n").encode())

at = waits_for(r"Show them now\? \[y/N\]", 0).end()
types("y")
end = waits_for(r"Written down\?[^]]*\]", at)
words = dict((int(n), w) for n, w in re.findall(r"(\d+) ([a-z]+)", out[at:end.start()]))
assert sorted(words) == list(range(1, 25)), words
types("y")
at = waits_for("\033\\[H\033\\[2J\033\\[3J", end.end()).end()
for turn in range(2):
    asked = waits_for(r"Word (\d+) \(just Enter skips this\):", at)
    at = asked.end()
    right = words[int(asked.group(1))]
    if turn == 0:
        types("abandon" if right != "abandon" else "zoo")
        at = waits_for("That is another word", at).end()
        at = waits_for(r"Word " + asked.group(1) + " ", at).end()
    types(right)
waits_for("That is right", at)
shown = out[out.index("\033[3J"):]
assert not any(re.search(rf"\d +{w}\b", shown) for w in words.values()), shown
print(" ".join(words[n] for n in range(1, 25)))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
python3 "$scratch/types.py" "$KITH_BIN/kith" --home "$scratch/ana" init --name ana --shield itwasme \
    --no-passphrase >"$scratch/typed" || fail "the offer: $(cat "$scratch/typed")"
as ana words --show >"$scratch/words" 2>/dev/null || fail "words"
[ "$(tr -cd 'a-z \n' <"$scratch/words" | xargs)" = "$(cat "$scratch/typed")" ] || fail "other words were shown"
[ ! -e "$scratch/ana/making" ] || fail "the home is not whole"
