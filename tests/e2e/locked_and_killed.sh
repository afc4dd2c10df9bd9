#!/usr/bin/env bash
# kill -9 in the middle of a change of passphrase, of locking and of unlocking: afterwards the home
# opens with one of the two passphrases, nothing acknowledged is lost, and nothing is left half done.
# KITH_E2E_ROUNDS says how many times.
source "$(dirname "$0")/lib.sh"
rounds=${KITH_E2E_ROUNDS:-4}
echo "correct horse" >"$scratch/0"
echo "battery staple" >"$scratch/1"
is_locked() { [ "$(as ana --json status)" = '{"state":"locked"}' ]; }

as ana init --name ana --passphrase-file "$scratch/0" >/dev/null || fail "init"
start ana --passphrase-file "$scratch/0"
mine=$(says ana post "kept through all of it" --tag metoo)
now=0

opens() { # opens PASSPHRASE...: with one of these; which is it
    local one
    is_locked || fail "a home with a passphrase starts open"
    for one in "$@"; do
        if as ana unlock --passphrase-file "$scratch/$one" >/dev/null 2>&1; then
            now=$one
            [ ! -e "$scratch/ana/key.new" ] && [ ! -e "$scratch/ana/keyslot.new" ] || fail "a half change stays"
            sees ana "$mine" mine || fail "a post is lost"
            return
        fi
    done
    fail "neither passphrase opens the home"
}

# How long a change takes on this machine, to end it towards its end, where the files are written.
began=${EPOCHREALTIME/[.,]/}
as ana passphrase --passphrase-file "$scratch/1" --old-passphrase-file "$scratch/0" >/dev/null || fail "change"
took=$((${EPOCHREALTIME/[.,]/} - began))
now=1
for ((i = 0; i < rounds; i++)); do
    as ana passphrase --passphrase-file "$scratch/$((1 - now))" --old-passphrase-file "$scratch/$now" >/dev/null 2>&1 &
    wait_us=$((took * (70 + i * 30 / rounds) / 100))
    sleep "$((wait_us / 1000000)).$(printf %06d $((wait_us % 1000000)))"
    crash ana
    wait $! 2>/dev/null
    start ana
    opens "$now" "$((1 - now))"
done

for ((i = 0; i < rounds; i++)); do
    as ana lock >/dev/null 2>&1 &
    sleep "0.00$((i * 7 % 10))"
    crash ana
    wait $! 2>/dev/null
    start ana
    opens "$now"
done

# While it opens, and while Argon2id works.
as ana lock >/dev/null || fail "lock"
as ana unlock --passphrase-file "$scratch/$now" >/dev/null 2>&1 &
sleep 0.3
crash ana
wait $! 2>/dev/null
start ana
opens "$now"
