#!/usr/bin/env bash
# A post goes from one person's keyboard to a friend's screen through a relay; what somebody she
# blocked says reaches the others, and never her.
source "$(dirname "$0")/lib.sh"

relay hub
people ana bea carl
joined hub ana bea carl

post=$(says ana post "me too" --tag metoo)
within 100 sees bea "$post" || fail "bea does not see the post within a second"
within 100 sees carl "$post" || fail "carl does not see the post within a second"

as ana block "$(key_of carl)" >/dev/null || fail "block"
"$KITH_BIN/kith" --home "$scratch/ana" --json watch --strangers >"$scratch/watched" </dev/null &
watch=$!
as ana follow --tag metoo >/dev/null

reply=$(says carl reply "$post" "are you sure")
echo_id=$(says carl echo "$post" "look at this")
react=$(says carl react "$post" angry)
own=$(says carl post "what about me" --tag metoo)
friend=$(says bea reply "$post" "I believe you")
below=$(says bea reply "$reply" "leave her alone")
heart=$(says bea react "$post" heart)

within 200 sees ana "$friend" thread "$post" || fail "the friend's reply does not arrive"
within 200 sees bea "$own" || fail "the others see what she blocked"
within 200 sees bea "$reply" thread "$post" || fail "the others see the reply"
within 200 sees ana "$heart" inbox || fail "the friend's reaction does not arrive"
sees bea "$echo_id" show "$echo_id" || fail "the others see the echo"
sleep 0.3
kill "$watch" 2>/dev/null
wait "$watch" 2>/dev/null

# No command of hers, and nothing she watched, holds a trace of it.
{
    for command in timeline "tag metoo" tags "thread $post" "show $post" "search are" \
        "search what" inbox mine people "tally metoo" outbox status "peer list"; do
        # shellcheck disable=SC2086
        as ana --json $command 2>&1
        # shellcheck disable=SC2086
        as ana $command 2>&1
    done
    for command in timeline "tag metoo" "thread $post" inbox people; do
        # shellcheck disable=SC2086
        as ana --json $command --strangers 2>&1
    done
    cat "$scratch/watched"
} >"$scratch/screens"
for trace in "$reply" "$echo_id" "$react" "$own" "$below" "$(key_of carl)" "are you sure" \
    "look at this" "what about me" "leave her alone" '"angry":1'; do
    if grep -q -- "$trace" "$scratch/screens"; then fail "she sees: $trace"; fi
done
grep -q "I believe you" "$scratch/screens" || fail "her screens do not show the friend"

# His ids answer as ids that do not exist, word for word.
none=$(printf '%064d' 0)
for id in "$reply" "$echo_id" "$react" "$own" "$below"; do
    expect_status 1 as ana reply "$id" "no"
    sed "s/$id/ID/g" "$scratch/err" >"$scratch/hidden"
    expect_status 1 as ana reply "$none" "no"
    sed "s/$none/ID/g" "$scratch/err" | cmp -s - "$scratch/hidden" || fail "a hidden id differs"
done

# After a restart it holds as before.
stop ana || fail "a clean stop ends with 0"
start ana
sees ana "$friend" thread "$post" || fail "the thread is gone after a restart"
if sees ana "$own" tag metoo --strangers; then fail "the block is gone after a restart"; fi
