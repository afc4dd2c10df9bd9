#!/usr/bin/env bash
# Peers that keep to the handshake and to nothing else are disconnected, cost little, and keep nobody
# from anything: not even a forged copy that comes before the post itself.
source "$(dirname "$0")/lib.sh"
[ -z "${KITH_SANITIZED:-}" ] || export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=4"

relay hub
people ana bea carl
joined hub ana bea
hub=$(address_of hub)
hostile() { "$KITH_BIN/hostile_peer" "$hub" "$@"; }
# In KiB; sanitizers keep what was freed for a while, and more beside it.
most=$((${KITH_SANITIZED:+8 * }16384))
# In KiB; 0 where the system does not tell.
memory_of() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/${node_pids[$1]}/status" 2>/dev/null || echo 0; }

hostile quiet || fail "who behaves is disconnected"
before=$(memory_of hub)
for what in noise frame hello early twice relay future endless; do
    hostile "$what" || fail "$what: not disconnected"
done

# carl writes where the relay does not hear; the forged copy gets there first.
post=$(says carl post "me too" --tag metoo)
as carl export "$scratch/posts" >/dev/null || fail "export"
hostile proof "$scratch/posts" || fail "forged proofs: not disconnected"
if sees bea "$post" tag metoo --strangers; then fail "a forged post is shown"; fi
as carl peer add "$hub" >/dev/null
within 500 sees bea "$post" tag metoo --strangers || fail "a forged copy suppresses the real post"

# Whoever asks for much and reads nothing costs what one queue holds, and the log names nobody.
"$KITH_BIN/kith" --home "$scratch/bea" post - --tag metoo < <(head -c 30000 /dev/zero | tr '\0' x) >/dev/null
as bea export "$scratch/big" --strangers >/dev/null || fail "export"
for i in 1 2 3; do hostile deaf "$scratch/big" & deaf[i]=$!; done
own=$(says ana post "still here" --tag metoo)
within 100 sees bea "$own" || fail "hostile peers keep a post away"
for i in 1 2 3; do wait "${deaf[i]}" || fail "who asks as often as allowed is disconnected"; done
grown=$(($(memory_of hub) - before))
[ "$grown" -lt "$most" ] || fail "hostile peers cost $grown KiB"

# Those who stop reading hold up nobody, and what waits for them is bounded: here 1 MiB each.
for i in 1 2 3 4; do
    "$KITH_BIN/hostile_peer" "$hub" stopped >"$scratch/stopped$i" &
    node_pids[stopped$i]=$!
    within 1000 grep -q here "$scratch/stopped$i" || fail "who stops reading did not come"
done
before=$(memory_of hub)
for ((i = 0; i < 150; i++)); do
    { printf 'part %s ' "$i"; head -c 30000 /dev/zero | tr '\0' y; } |
        "$KITH_BIN/kith" --home "$scratch/ana" post - --tag metoo >/dev/null
done
own=$(says ana post "after all of it" --tag metoo)
within 200 sees bea "$own" || fail "who stops reading keeps a post away from others"
grown=$(($(memory_of hub) - before))
[ "$grown" -lt "$most" ] || fail "those who stop reading cost $grown KiB"
if grep -q "$(key_of ana)\|still here" "$scratch/hub.log"; then fail "the log of a relay names somebody"; fi

# A burst of large posts, more than a queue holds: those who read well stay connected.
hostile burst || fail "who brings much is disconnected"
own=$(says ana post "after the burst" --tag metoo)
within 1500 sees bea "$own" || fail "a burst keeps a post away"
if grep -h "was disconnected" "$scratch"/{ana,bea}.log; then fail "a burst disconnects others"; fi

# All places of a node are taken by one address: it makes room for another.
"$KITH_BIN/hostile_peer" "$(address_of ana)" crowd >"$scratch/crowd" &
node_pids[crowd]=$!
within 1000 grep -q here "$scratch/crowd" || fail "the crowd did not come"
before=$(peers_of ana)
[ "$before" -ge 32 ] || fail "ana has $before peers"
as carl peer remove "$hub" >/dev/null
as carl peer add "$(address_of ana)" >/dev/null
post=$(says carl post "through the crowd" --tag metoo)
within 500 sees ana "$post" tag metoo --strangers --limit 1000 || fail "one address keeps all others out"
