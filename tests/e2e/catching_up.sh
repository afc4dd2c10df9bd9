#!/usr/bin/env bash
# Come back, reconcile, go live: nothing is missing and nothing comes twice, with a relay that leaves
# things out, with a relay that was away, and with no relay at all.
source "$(dirname "$0")/lib.sh"

# All ids that somebody sees under the tag, one a line.
shown() { as "$1" --json tag metoo --limit 1000 | field id | sort; }
shows_all() { [ "$(comm -13 <(shown "$1") <(printf '%s\n' "${said[@]}" | sort) | wc -l)" -eq 0 ]; }
shows_once() { [ -z "$(shown "$1" | uniq -d)" ]; }

relay hub
relay sieve --author-posts 1
people ana bea
joined hub ana bea
joined sieve bea
as ana follow "$(key_of bea)" >/dev/null || fail "follow"

# Bea comes back while Ana goes on; the relay she also asks keeps hardly anything.
stop bea
said=()
for i in $(seq 40); do said+=("$(says ana post "while you were away $i" --tag metoo)"); done
start bea
as bea watch --json --strangers >"$scratch/watch" 2>/dev/null &
watching=$!
for i in $(seq 40); do said+=("$(says ana post "while you came back $i" --tag metoo)"); done
within 2000 shows_all bea || fail "bea misses something"
shows_once bea || fail "bea sees something twice"
said+=("$(says ana post "and now" --tag metoo)")
within 1000 shows_all bea || fail "bea is not live"
kill "$watching" 2>/dev/null
[ -z "$(field id <"$scratch/watch" | sort | uniq -d)" ] || fail "watch shows something twice"

# The relay goes away and comes back; both find it again by themselves.
crash hub
for i in $(seq 5); do said+=("$(says ana post "while the relay was gone $i" --tag metoo)"); done
sleep 2
relay hub
within 6000 shows_all bea || fail "what was said without the relay never arrives"
shows_once bea || fail "bea sees something twice after the relay came back"

# Two friends, one of whom can be reached, and no relay.
for who in carla dana; do
    "$KITH_BIN/kithd" --home "$scratch/$who" --init --no-passphrase --name "$who" || fail "init"
done
start carla --listen 127.0.0.1:0
start dana
said=()
for i in $(seq 20); do said+=("$(says carla post "before we met $i" --tag metoo)"); done
for i in $(seq 20); do said+=("$(says dana post "before we met $i" --tag metoo)"); done
as dana peer add "$(address_of carla)" >/dev/null || fail "peer add"
as dana follow "$(key_of carla)" >/dev/null || fail "follow"
as carla follow "$(key_of dana)" >/dev/null || fail "follow"
within 1000 shows_all dana || fail "dana misses what carla said"
within 1000 shows_all carla || fail "carla misses what dana said"
said+=("$(says carla post "live" --tag metoo)" "$(says dana post "live" --tag metoo)")
within 500 shows_all dana || fail "dana is not live"
within 500 shows_all carla || fail "carla is not live"
shows_once dana && shows_once carla || fail "friends see something twice"
