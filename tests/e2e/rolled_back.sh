#!/usr/bin/env bash
# An older copy of the whole home is put in its place. Its own later post gives it away: nothing is
# shown until the list is confirmed, open streams end, and `--elsewhere` ends the asking.
source "$(dirname "$0")/lib.sh"

relay hub
people ana bea eve
joined hub ana bea eve
says ana post "before" --tag metoo >/dev/null
stop ana
cp -a "$scratch/ana" "$scratch/older"
start ana
bad=$(says eve post "eve" --tag metoo)
within 1000 sees ana "$bad" tag metoo --strangers || fail "eve's post does not arrive"
as ana block "$(key_of eve)" >/dev/null || fail "the block"
later=$(says ana post "later" --tag metoo)
within 1000 sees bea "$later" || fail "bea does not see it"
stop ana

rm -rf "$scratch/ana"
cp -a "$scratch/older" "$scratch/ana"
as ana --json blocks | grep -q . && fail "the copy knows of the block"
start ana
as ana watch >"$scratch/watched" 2>"$scratch/watch.err" &
watching=$!
waits() { [ "$(as ana --json status | field state)" = unconfirmed ]; }
within 2000 waits || fail "an older copy goes unnoticed"
within 500 eval '! kill -0 $watching 2>/dev/null' || fail "an open stream goes on"
for command in timeline "tag metoo --strangers" "show $bad" "search eve" people tags; do
    # shellcheck disable=SC2086
    expect_status 5 as ana $command
    expect_text "older copy"
done
grep -q eve "$scratch/err" && fail "something is told"
stop ana
start ana
waits || fail "a restart makes it forget"
expect_status 0 as ana blocks confirm
waits || fail "looking is not confirming"
as ana block "$(key_of eve)" >/dev/null || fail "blocking before confirming"
as ana blocks confirm --yes >/dev/null || fail "confirming"
sees ana "$later" mine || fail "the later post was not adopted"
sees ana "$bad" tag metoo --strangers && fail "somebody blocked is shown"

# Her key is used in two places at once: each new post asks once more, until she says so.  The relay
# has one connection for her, over which the two take turns, ever more slowly.
stop ana
cp -a "$scratch/ana" "$scratch/twin"
start ana
start twin
says twin post "from the other place" --tag metoo >/dev/null
within 6000 waits || fail "a post from elsewhere goes unnoticed"
as ana blocks confirm --elsewhere --yes >/dev/null || fail "confirming"
other=$(says twin post "and another" --tag metoo)
within 6000 sees ana "$other" mine || fail "the other place's post does not come"
waits && fail "it asks though she said that she knows"
sleep 1
other=$(says ana post "from here" --tag metoo)
within 6000 eval '[ "$(as twin --json status | field state)" = unconfirmed ]' || fail "the other place does not notice"
echo "an older copy showed nothing until its list was confirmed"
