#!/usr/bin/env bash
# Shields: offered when a home is made, in force at once and after a restart, set aside for one
# command, and known to nobody else.
source "$(dirname "$0")/lib.sh"

shields_of() { as "$1" --json shields | tr -d '\n'; }

# Off a terminal nothing is asked, and nothing is kept away that was not asked for.
expect_status 2 "$KITH_BIN/kithd" --home "$scratch/bea" --init --no-passphrase --shield "not a tag"
[ ! -e "$scratch/bea" ] || fail "a refused init made something"
expect_status 0 as dora init --no-passphrase --name dora
"$KITH_BIN/kithd" --home "$scratch/bea" --init --no-passphrase --name bea --shield "#ItWasMe" ||
    fail "init with a shield"
relay hub
people ana
for who in bea dora; do start "$who"; done
joined hub ana bea dora
[ "$(shields_of bea)" = '{"tag":"itwasme"}' ] || fail "init did not shield: $(shields_of bea)"
[ -z "$(shields_of dora)" ] || fail "a script's home begins with shields"

# On a terminal it is a question; Enter means no.
asked() { # asked WHO ANSWER
    { sleep 0.5; printf 'name\n'; sleep 0.5; printf '%s\n' "$2"; sleep 0.5; } |
        script -qec "$KITH_BIN/kith --home $scratch/$1 init --no-passphrase" /dev/null >"$scratch/asked" 2>&1
    grep -q 'Keep them away?' "$scratch/asked" || fail "no question: $(cat "$scratch/asked")"
}
if has_terminals; then
    asked eve y
    asked fay ''
    for who in eve fay; do start "$who"; done
    [ "$(shields_of eve)" = '{"tag":"itwasme"}{"tag":"ihave"}' ] || fail "yes is not kept"
    [ -z "$(shields_of fay)" ] || fail "Enter is taken for yes"
fi

as bea follow --tag metoo >/dev/null
plain=$(says ana post "me too" --tag metoo)
hard=$(says ana post "I read this" --tag metoo --tag itwasme)
word=$(says ana post "my day in Court" --tag metoo)
answer=$(says ana reply "$hard" "and I answered")
within 200 sees dora "$answer" thread "$hard" --strangers || fail "the others do not see it"
within 200 sees bea "$word" || fail "a post does not arrive"
sees bea "$plain" || fail "a post without what is shielded is gone"
within 200 sees bea "$answer" thread "$hard" --show-shielded || fail "--show-shielded shows nothing"
if sees bea "$hard"; then fail "a shielded post is shown"; fi
expect_status 1 as bea thread "$hard"

as bea shield --word court >/dev/null || fail "shield --word"
if sees bea "$word"; then fail "a shielded word is shown"; fi
stop bea
start bea
if sees bea "$word" || sees bea "$hard"; then fail "a restart lowers shields"; fi
sees bea "$plain" || fail "after a restart a post is gone"
sees bea "$word" tag metoo --show-shielded || fail "--show-shielded after a restart"

as bea unshield --word court >/dev/null || fail "unshield --word"
as bea unshield itwasme >/dev/null || fail "unshield"
sees bea "$word" || fail "what the word kept away is not shown again"
sees bea "$hard" || fail "what the tag kept away is not shown again"
expect_status 1 as bea unshield itwasme
expect_text 'kith shields'
