#!/usr/bin/env bash
# Posts grow old on a person's node and on a relay: what concerns her stays shown, also over kill -9,
# a backup and a lost machine; the rest leaves, and a relay keeps what its operator said.
source "$(dirname "$0")/lib.sh"

posts() { "$KITH_BIN/old_posts" "$@"; }
count_of() { as "$1" --json "${@:2}" --limit 1000 | grep -c '"id"'; }
is() { [ "$(count_of "${@:2}")" -eq "$1" ]; }

people ana
friend=$(posts friend)
as ana follow "$friend" >/dev/null || fail "following"
as ana follow --tag metoo >/dev/null || fail "following a tag"
stop ana
{
    posts --profile friend 100 "Frida of old"
    posts --profile stranger 100 "Strella of old"
    posts --profile stranger 95 "Strella courtroom"
    posts friend 100 "an old word of a friend"
    posts stranger 100 "an old word under a tag" metoo
    posts stranger 100 "an old word of no concern" cats
    posts friend 40 "a word of last month"
    posts stranger 40 "a word in passing" cats
    posts stranger 2 "a word of these days" cats
} >"$scratch/old"
"$KITH_BIN/kithd" --home "$scratch/ana" --import "$scratch/old" >/dev/null 2>&1 || fail "the import"

# Kept without an end, all of it is there.
as ana up --keep all >/dev/null || fail "up"
is 3 ana tag cats --strangers || fail "not all is there: $(count_of ana tag cats --strangers)"
expect_status 5 as ana up --keep 90d
expect_text "not applied"
as ana down >/dev/null || fail "down"
expect_status 2 as ana up --keep never
expect_text "a day or more"

# Of what is older than 90 days stays what concerns her.
start ana
within 2000 is 2 ana tag cats --strangers || fail "what is of no concern stays"
is 1 ana search "word friend" || fail "a friend's old word is gone"
is 1 ana tag metoo --strangers || fail "a followed tag's old word is gone"
as ana down >/dev/null || fail "down"
unset "node_pids[ana]"
as ana up --keep 30d >/dev/null || fail "up, with a shorter time"
within 2000 is 1 ana tag cats --strangers || fail "what is older than 30 days stays"
# Names stand, however old; and one that she shields has not pushed out the one before (7.5, 9.8).
is_called() { as "$1" --json people --strangers | grep -qF "\"name\":\"$2\""; }
is_called ana "Frida of old" || fail "a friend's name is gone: $(as ana --json people --strangers)"
is_called ana "Strella courtroom" || fail "a stranger's name is gone: $(as ana --json people --strangers)"
as ana shield --word courtroom >/dev/null || fail "shielding a word"
is_called ana "Strella of old" || fail "a name that is shielded has no other below it"

shown() { as ana --json timeline --strangers --limit 1000; }
before=$(shown)
[ "$(count_of ana timeline --strangers)" -eq 3 ] || fail "the timeline: $before"
as ana down >/dev/null || fail "down"

# Killed and opened again, and with a longer time, it is what it was.
start ana
[ "$(shown)" = "$before" ] || fail "after a restart: $(diff <(echo "$before") <(shown))"
crash ana
start ana
[ "$(shown)" = "$before" ] || fail "after kill -9: $(diff <(echo "$before") <(shown))"
is 1 ana tag cats --strangers || fail "what left came back"

# Nothing of it stands in the clear.
grep -rqF "old word" "$scratch/ana" && fail "a text of the archive stands in the clear"

# The machine is lost, and words and backup bring it back, but for whom she blocks.
as ana words --show >"$scratch/words" || fail "the words"
as ana backup "$scratch/whole" --all >/dev/null || fail "the backup"
stop ana
rm -rf "$scratch/ana"
as ana restore "$scratch/whole" --words-file "$scratch/words" --no-passphrase >/dev/null || fail "the restore"
start ana
[ "$(shown)" = "$before" ] || fail "after a restore: $(diff <(echo "$before") <(shown))"
as ana block "$friend" >/dev/null || fail "the block"
is 0 ana search "word friend" || fail "somebody blocked is shown out of the archive"
as ana unblock "$friend" >/dev/null || fail "unblocking"
stop ana

# An archive that is older than the posts beside it, or damaged, is refused in words.
cp "$scratch/ana/archive/kept" "$scratch/kept"
printf 'X' | dd of="$scratch/ana/archive/kept" bs=1 seek=30 conv=notrunc 2>/dev/null
expect_status 5 "$KITH_BIN/kithd" --home "$scratch/ana"
expect_text "archive of older posts"
cp "$scratch/kept" "$scratch/ana/archive/kept"

# Where it was moved away another is begun, which is said, and the backup brings back what it has.
mkdir "$scratch/aside"
mv "$scratch/ana/archive" "$scratch/ana/archive.index" "$scratch/aside/"
start ana
grep -q "archive of older posts is not there" "$scratch/ana.log" || fail "nothing says that the archive is gone"
is 0 ana search "word friend" || fail "what was in the archive is shown without it"
stop ana
as ana restore "$scratch/whole" --words-file "$scratch/words" >/dev/null || fail "the restore into the home"
start ana
[ "$(shown)" = "$before" ] || fail "after its archive came back: $(diff <(echo "$before") <(shown))"
stop ana

# What others wrote leaves the archive too, when it is older than that keeps, and comes back with
# no longer time and no backup.
start ana --archive 95d
within 2000 is 0 ana search "old word friend" || fail "what the archive keeps no longer is shown"
is 0 ana tag metoo --strangers || fail "what is under a followed tag stays in the archive"
is 1 ana search "word month" || fail "what is younger than the archive keeps is gone"
stop ana
start ana --archive all
is 0 ana search "old word friend" || fail "what left the archive came back with a longer time"
stop ana
as ana restore "$scratch/whole" --words-file "$scratch/words" >/dev/null || fail "the restore of what left"
start ana
is 0 ana search "old word friend" || fail "what left the archive came back with a backup"
is 1 ana search "word month" || fail "a younger word is gone after a restore"
stop ana
expect_status 2 as ana up --archive 12h
expect_text "a day or more"

# A relay keeps for as long as it is told: who comes later gets no more than that of it.
cats() { is "$1" "$2" tag cats --strangers; }
relay hub
stop hub
{
    posts --profile one 100 "Una of old"
    posts one 40 "one said long ago" cats
    posts one 20 "one said it again" cats
    posts two 1 "two answers nobody" cats
} >"$scratch/for_hub"
"$KITH_BIN/kithd" --home "$scratch/hub" --import "$scratch/for_hub" >/dev/null 2>&1 || fail "the relay's import"
relay hub
people bea
joined hub bea
within 2000 cats 3 bea || fail "the relay lacks what is younger than 90 days"
stop bea
stop hub
start hub --relay --listen "127.0.0.1:${relay_ports[hub]}" --keep 30d
people cem
joined hub cem
within 2000 cats 2 cem || fail "the relay does not give what it keeps: $(count_of cem tag cats --strangers)"
within 2000 is_called cem "Una of old" || fail "a name does not come from a relay that kept it"
start bea # she has all three, and the relay wants two
says bea post "and bea is back" --tag cats >/dev/null || fail "a post"
within 2000 cats 3 cem || fail "what is new does not come over the relay"
sleep 1
cats 3 cem || fail "the relay took what is older than it keeps"

# Of one author a day no more than its operator said, and that costs nobody else anything.
start tight --relay --listen 127.0.0.1:0 --author-posts 6
people dan eve
joined tight dan eve
for ((i = 0; i < 12; i++)); do says dan post "dan says $i" --tag metoo >/dev/null || fail "dan cannot post"; done
last=$(says eve post "eve says something" --tag metoo)
within 2000 sees dan "$last" tag metoo --strangers --limit 1000 || fail "eve is refused for what dan wrote"
by_dan() { as eve --json tag metoo --strangers --limit 1000 | grep -c "dan says"; }
sleep 1
[ "$(by_dan)" -ge 1 ] && [ "$(by_dan)" -le 6 ] || fail "of dan's posts there are $(by_dan)"
[ "$(as dan --json mine --limit 1000 | grep -c "dan says")" -eq 12 ] || fail "dan's own posts are gone"
echo "aged: what concerns her is shown, the rest left"
