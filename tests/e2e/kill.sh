#!/usr/bin/env bash
# 200 times in a row: a post that was acknowledged is there after kill -9 at that moment.
# KITH_E2E_ROUNDS says how many times.
source "$(dirname "$0")/lib.sh"
rounds=${KITH_E2E_ROUNDS:-200}

relay hub
people ana bea
joined hub ana bea

for ((i = 0; i < rounds; i++)); do
    id=$(says ana post "round $i" --tag metoo)
    crash ana
    [ -n "$id" ] || fail "round $i: no acknowledgement"
    start ana
    sees ana "$id" show "$id" || fail "round $i: an acknowledged post is lost"
done
there=$(as ana --json tag metoo --limit 1000 | grep -c '"text":"round ')
[ "$there" = "$rounds" ] || fail "of $rounds acknowledged posts $there are there"

# The friend comes to have them all, too: what a crash kept from being sent is sent afterwards.
all_there() { [ "$(as bea --json tag metoo --limit 1000 | grep -c '"text":"round ')" = "$rounds" ]; }
within 1000 all_there || fail "the friend does not have all of the $rounds posts"
echo "$rounds of $rounds acknowledged posts are there after kill -9, on both nodes"
