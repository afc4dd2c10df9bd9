#!/usr/bin/env bash
# Peers that keep to the handshake and to nothing else are disconnected, cost little, and keep nobody
# from anything: not even a forged copy that comes before the post itself.
source "$(dirname "$0")/lib.sh"

relay hub
people ana bea carl
joined hub ana bea
hub=$(address_of hub)
hostile() { "$KITH_BIN/hostile_peer" "$hub" "$@"; }
# In KiB; 0 where the system does not tell.
memory_of() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/${node_pids[$1]}/status" 2>/dev/null || echo 0; }

hostile quiet || fail "who behaves is disconnected"
before=$(memory_of hub)
for what in noise frame hello endless; do
    hostile "$what" || fail "$what: not disconnected"
done

# carl writes where the relay does not hear; the forged copy gets there first.
post=$(says carl post "me too" --tag metoo)
as carl export "$scratch/posts" >/dev/null || fail "export"
hostile proof "$scratch/posts" || fail "forged proofs: not disconnected"
if sees bea "$post" tag metoo --strangers; then fail "a forged post is shown"; fi
as carl peer add "$hub" >/dev/null
within 500 sees bea "$post" tag metoo --strangers || fail "a forged copy suppresses the real post"

own=$(says ana post "still here" --tag metoo)
within 100 sees bea "$own" || fail "hostile peers keep a post away"
grown=$(($(memory_of hub) - before))
[ "$grown" -lt 16384 ] || fail "hostile peers cost $grown KiB"
