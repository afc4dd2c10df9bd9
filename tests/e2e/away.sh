#!/usr/bin/env bash
# Who was away catches up; who writes while alone is heard later.
source "$(dirname "$0")/lib.sh"

relay hub
people ana bea
joined hub ana bea
first=$(says ana post "first" --tag metoo)
within 100 sees bea "$first" || fail "bea does not see the first post"

stop bea || fail "a clean stop ends with 0"
missed=()
for i in 1 2 3 4 5; do missed+=("$(says ana post "while you were away $i" --tag metoo)"); done
start bea
for id in "${missed[@]}"; do
    within 500 sees bea "$id" || fail "bea does not catch up"
done

# The relay is gone: the post is kept, and goes out when it is back.
crash hub
alone() { [ "$(peers_of ana)" -eq 0 ]; }
within 500 alone || fail "ana does not notice that the relay is gone"
kept=$(says ana post "nobody here" --tag metoo)
[ -n "$kept" ] || fail "a post without peers is not acknowledged"
sees ana "$kept" outbox || fail "a post that nobody took is not in the outbox"
relay hub
within 6000 sees bea "$kept" || fail "what was written alone never arrives"
left() { ! sees ana "$kept" outbox; }
within 500 left || fail "the outbox keeps what was taken"
