#!/usr/bin/env bash
# What was taken back, and what has expired, is out of every view at once, and out of the files within
# a minute in which nothing else happens: at who wrote it, at who read it, and at the relay between
# them.  The files are opened with the home's key: what whoever has that would read.
source "$(dirname "$0")/lib.sh"

lives_s=25
taken="these words are taken back"
fading="these words were for a while"
lasting="these words stay"

held_by() { # held_by WHO: which of the words stand in a record of the home
    rm -rf "$scratch/copy"
    cp -R "$scratch/$1" "$scratch/copy" 2>/dev/null # a file may go meanwhile
    "$KITH_BIN/home_holds" "$scratch/copy" "$taken" "$fading" "$lasting" 2>"$scratch/err"
}
holds() { [ "$(held_by "$1")" = "$(printf '%s\n' "${@:2}")" ]; }
everybody_holds() { holds ana "$@" && holds hub "$@" && holds bea "$@"; }

relay hub
people ana bea
joined hub ana bea
mine=$(says ana post "$taken" --tag metoo)
kept=$(says ana post "$lasting" --tag metoo)
# A clock is believed once the posts that are there say so: none did at the first start.
for post in "$mine" "$kept"; do
    within 1500 sees bea "$post" tag metoo --strangers --limit 100 || fail "$post does not arrive"
done
stop bea && stop ana && stop hub || fail "stopping"
"$KITH_BIN/old_posts" --fading somebody $lives_s "$fading" cats >"$scratch/post"
expires_s=$(($(date +%s) + lives_s))
"$KITH_BIN/kithd" --home "$scratch/ana" --import "$scratch/post" >/dev/null 2>&1 || fail "the import"
relay hub
start ana
start bea
shows_fading() { as "$1" --json tag cats --strangers --limit 100 | grep -qF "$fading"; }
within 2000 shows_fading bea || fail "what expires does not arrive"
within 500 everybody_holds "$taken" "$fading" "$lasting" || fail "not all is there to begin with: $(cat "$scratch/err")"

# Taken back: out of her view with the answer, and out of others' as they hear of it.
as ana retract "$mine" >/dev/null || fail "retract"
for what in "tag metoo" mine "thread $mine" "search taken"; do
    # shellcheck disable=SC2086
    ! as ana --json $what --limit 100 2>/dev/null | grep -qF "$taken" || fail "$what shows what was taken back"
done
gone_from() { ! sees "$1" "$mine" tag metoo --strangers --limit 100; }
within 1000 gone_from bea || fail "bea goes on seeing what was taken back"
quiet_s=$(date +%s)

# Expired: with the second.
shows_fading ana && [ "$(date +%s)" -lt "$expires_s" ] || fail "too slow a machine, or gone too early"
while [ "$(date +%s)" -le "$expires_s" ]; do sleep 0.1; done
for who in ana bea; do
    ! shows_fading "$who" || fail "$who is shown what has expired"
done
! as ana --json search while --strangers 2>/dev/null | grep -qF "$fading" || fail "search shows what has expired"

# An idle minute, from the later of the two.
[ "$quiet_s" -ge "$expires_s" ] || quiet_s=$expires_s
until everybody_holds "$lasting"; do
    [ "$(date +%s)" -lt $((quiet_s + 60)) ] ||
        fail "after a minute: ana $(held_by ana), hub $(held_by hub), bea $(held_by bea)"
    sleep 0.5
done
sees bea "$kept" tag metoo --strangers --limit 100 || fail "what stays is gone"
echo "out of the files $(($(date +%s) - quiet_s)) s later"
