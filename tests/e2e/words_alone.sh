#!/usr/bin/env bash
# Words alone bring the identity back. Nothing is shown until the list of blocks is confirmed, and
# own posts that come back from a relay need no further confirmation.
source "$(dirname "$0")/lib.sh"

relay hub
people ana bea
joined hub ana bea
for ((i = 0; i < 5; i++)); do says ana post "mine $i" --tag metoo >/dev/null; done
identity=$(key_of ana)
as ana words --show >"$scratch/words"
as ana block "$(key_of bea)" >/dev/null
as ana blocks export "$scratch/list" >/dev/null || fail "a list"
all_there() { [ "$(as bea --json tag metoo | wc -l)" = 5 ]; }
within 1000 all_there || fail "bea does not have the posts"
crash ana
rm -rf "$scratch/ana"

as ana restore --words --words-file "$scratch/words" --no-passphrase >"$scratch/out" || fail "restoring"
grep -q "identity is back" "$scratch/out" || fail "it is not said"
expect_status 5 as ana restore --words --words-file "$scratch/words" --no-passphrase
start ana --peer "$(address_of hub)"
[ "$(key_of ana)" = "$identity" ] || fail "another identity"
for command in timeline mine "tag metoo" "search mine" tags people inbox watch "post hello" "tally metoo" outbox \
    "export $scratch/nothing"; do
    # shellcheck disable=SC2086
    expect_status 5 as ana $command
    expect_text "nothing is shown"
done
expect_status 0 as ana blocks
expect_status 0 as ana blocks export "$scratch/for-bea" --for "$(key_of bea)"
expect_status 1 as ana blocks export "$scratch/for-nobody" --for @nobody
expect_text "whole key"
as ana blocks import "$scratch/list" --yes >/dev/null || fail "taking the list in"
within 1000 has_peers ana 1 || fail "the network does not work meanwhile"
sleep 1
as ana blocks --confirm --yes >/dev/null || fail "confirming"
mine() { [ "$(as ana --json mine | grep -c '"text":"mine ')" = 5 ]; }
within 2000 mine || fail "her own posts do not come back"
[ "$(as ana --json status | field state)" = running ] || fail "it asks again for posts dated before"
as ana --json blocks | grep -q "$(key_of bea)" || fail "the list is not in force"
expect_status 0 as ana post "going on"
stop ana
start ana
[ "$(as ana --json status | field state)" = running ] || fail "it asks again after a restart"

# With a passphrase: it is asked for, whether the node runs or not, and a restored home gets its own.
echo "correct horse" >"$scratch/pass"
echo "battery staple" >"$scratch/other"
as cleo init --passphrase-file "$scratch/pass" --name cleo >/dev/null || fail "init"
as cleo words --show --passphrase-file "$scratch/pass" >"$scratch/cleo.words" || fail "the words of a stopped node"
expect_status 5 as cleo words --show --passphrase-file "$scratch/other"
expect_status 2 as cleo words --show
start cleo --passphrase-file "$scratch/pass"
as cleo words --show --passphrase-file "$scratch/pass" >"$scratch/again" || fail "the words of a running node"
cmp -s "$scratch/cleo.words" "$scratch/again" || fail "not the same words"
expect_status 5 as cleo words --show --passphrase-file "$scratch/other"
expect_status 2 as cleo words --show
as cleo backup "$scratch/cleo.backup" >/dev/null || fail "a backup"
expect_status 2 as back restore "$scratch/cleo.backup" --words-file "$scratch/cleo.words"
as back restore "$scratch/cleo.backup" --words-file "$scratch/cleo.words" --passphrase-file "$scratch/other" >/dev/null || fail "restoring under a passphrase"
start back --passphrase-file "$scratch/other"
[ "$(key_of back)" = "$(key_of cleo)" ] || fail "another identity"
as back lock >/dev/null || fail "locking a restored home"
expect_status 4 as back words --show --passphrase-file "$scratch/other"
echo "an identity came back from its words, and nothing was shown before the list was confirmed"
