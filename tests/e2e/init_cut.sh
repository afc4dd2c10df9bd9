#!/usr/bin/env bash
# kill -9 or a full disk while a home is made: it has the name and the shields that were chosen, or it
# is none yet, says which command makes it, and that one begins anew.
source "$(dirname "$0")/lib.sh"
kithd() { "$KITH_BIN/kithd" --home "$scratch/ana" "$@"; }
init=(--init --no-passphrase --name ana --shield itwasme)

named() { as ana --json profile | grep -q '"name":"ana"'; }
whole() { # as it was chosen
    start ana
    as ana --json shields | grep -q itwasme || fail "$1: a home without the shield that was chosen"
    within 500 named || fail "$1: a home without the name that was chosen"
    stop ana
    rm -rf "$scratch/ana"
}
cut_off() {
    expect_status 3 kithd
    expect_text "kith init"
    expect_status 3 kithd --words --show
    expect_status 3 kithd --recover
    expect_status 5 kithd --relay
}

# With everything but its end.
as ana init --no-passphrase >/dev/null || fail "init"
[ ! -e "$scratch/ana/making" ] || fail "a home that is made says that it is not"
: >"$scratch/ana/making"
cut_off
expect_status 0 as ana init --no-passphrase --name ana --shield itwasme
whole "a vault without the rest"

# At its beginning, where a passphrase takes a moment.
echo "correct horse" >"$scratch/pass"
"$KITH_BIN/kithd" --home "$scratch/ana" --init --passphrase-file "$scratch/pass" --name ana &
node_pids[init]=$!
within 500 [ -e "$scratch/ana/making" ] || fail "nothing says that a home is being made"
crash init
cut_off
expect_status 0 kithd "${init[@]}"
whole "a key at most"

# As soon as there is a vault, or a little later.
cut=0
for ((i = 0; i < 12; i++)); do
    "$KITH_BIN/kithd" --home "$scratch/ana" "${init[@]}" 2>/dev/null &
    node_pids[init]=$!
    for ((wait = 0; wait < 100000; wait++)); do [ ! -e "$scratch/ana/vault" ] || break; done
    [ $((i % 2)) -eq 0 ] || sleep "0.00$((i / 2))"
    crash init
    if [ -e "$scratch/ana/making" ]; then
        cut=$((cut + 1))
        cut_off
        expect_status 0 kithd "${init[@]}"
    else
        expect_status 5 kithd "${init[@]}"
        expect_text "already"
    fi
    whole "round $i"
done

# No room: said, and done again once there is.
(ulimit -f 0 && exec "$KITH_BIN/kithd" --home "$scratch/ana" "${init[@]}" 2>"$scratch/err")
[ $? -eq 5 ] || fail "a full disk: $(cat "$scratch/err")"
expect_status 0 kithd "${init[@]}"
whole "after a full disk"
echo "12 killed, $cut of them half way"
