#!/usr/bin/env bash
# Kill -9 at any moment: what was acknowledged is there afterwards, and everybody sees what they saw
# before.  KITH_E2E_ROUNDS says how many posts are tried.
source "$(dirname "$0")/lib.sh"
rounds=${KITH_E2E_ROUNDS:-20}

relay hub
people ana bea carl
joined hub ana bea carl
for who in ana bea carl; do as "$who" follow --tag metoo >/dev/null; done
last=
for who in ana bea carl; do last=$(says "$who" post "from $who" --tag metoo); done
for who in ana bea carl; do
    within 100 sees "$who" "$last" timeline || fail "$who does not see the post within a second"
done
sleep 0.3
for who in ana bea carl; do as "$who" --json timeline >"$scratch/before-$who"; done

for who in ana bea carl hub; do crash "$who"; done
relay hub
for who in ana bea carl; do
    start "$who"
    as "$who" --json timeline >"$scratch/after"
    cmp -s "$scratch/before-$who" "$scratch/after" || fail "$who's timeline changed by kill -9"
done

# Killed in the middle: either it was acknowledged and is there, or it was not.
for ((i = 0; i < rounds; i++)); do
    says ana post "middle $i" --tag metoo >"$scratch/acknowledged" 2>/dev/null &
    asking=$!
    sleep "0.00$((RANDOM % 10))"
    crash ana
    wait "$asking" 2>/dev/null
    id=$(cat "$scratch/acknowledged")
    start ana
    if [ -n "$id" ]; then sees ana "$id" || fail "middle $i: an acknowledged post is lost"; fi
done

# Everybody comes to have everything.
final=$(says ana post "final" --tag metoo)
same() { [ "$(as "$1" --json tag metoo --limit 1000 | field id | sort | cksum)" = "$wanted" ]; }
wanted=$(as ana --json tag metoo --limit 1000 | field id | sort | cksum)
for who in bea carl; do
    within 1000 sees "$who" "$final" || fail "$who does not see the last post"
    within 1000 same "$who" || fail "$who has other posts than ana"
done
