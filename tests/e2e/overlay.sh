#!/usr/bin/env bash
# Five relays, each told of one other alone, find each other; what anybody says reaches everybody
# once, also when a relay in the middle is gone; and a relay that nobody named is found.
source "$(dirname "$0")/lib.sh"
relays=(r0 r1 r2 r3 r4)
people ana bea carl

before=""
for r in "${relays[@]}"; do
    port=$((20000 + RANDOM % 20000))
    start "$r" --relay --listen "127.0.0.1:$port" --address "127.0.0.1:$port" ${before:+--peer "$before"}
    before=$(address_of "$r")
done
# In a line the first and the last have one neighbour each; that they have more was learnt.
for r in "${relays[@]}"; do
    within 6000 has_peers "$r" 3 || fail "$r knows $(peers_of "$r") others"
done

as ana peer add "$(address_of r0)" >/dev/null || fail "ana and r0"
as bea peer add "$(address_of r4)" >/dev/null || fail "bea and r4"
as carl peer add "$(address_of r2)" >/dev/null || fail "carl and r2"
as carl peer add "$(address_of r4)" >/dev/null || fail "carl and r4"
within 1000 has_peers ana 1 || fail "ana is alone"
within 1000 has_peers bea 1 || fail "bea is alone"
within 1000 has_peers carl 2 || fail "carl is alone"

has_once() { [ "$(as "$1" --json tag metoo --strangers --limit 100 | grep -c "\"id\":\"$2\"")" = 1 ]; }
everywhere() { # everywhere ID HUNDREDTHS
    for who in ana bea carl; do
        within "$2" has_once "$who" "$1" || fail "$who does not have $1 once"
    done
}
for i in 1 2 3 4 5; do
    everywhere "$(says ana post "me too $i" --tag metoo)" 500
    everywhere "$(says bea post "and me $i" --tag metoo)" 500
done

# The one in the middle goes: what joined both ends before is not there any more.
crash r2
sleep 1
everywhere "$(says ana post "still here" --tag metoo)" 1500
everywhere "$(says bea post "still here, too" --tag metoo)" 1500
for r in r0 r1 r3 r4; do
    within 1000 has_peers "$r" 2 || fail "$r lost touch"
done
