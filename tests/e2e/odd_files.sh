#!/usr/bin/env bash
# What is no plain file where one is named: said at once, or read without waiting for ever, and left
# as it is.
source "$(dirname "$0")/lib.sh"
kithd() { timeout 10 "$KITH_BIN/kithd" "$@"; }
ana() { timeout 10 "$KITH_BIN/kith" --home "$scratch/ana" "$@"; }

people ana
id=$(says ana post "me too" --tag metoo)
as ana export "$scratch/posts" >/dev/null || fail "export"
as ana words --show >"$scratch/words" 2>/dev/null || fail "words"
mkfifo "$scratch/fifo" "$scratch/fifo.part" "$scratch/free.part"
mkdir "$scratch/folder" "$scratch/other.part"
odd=("$scratch/fifo" "$scratch/folder" /dev/zero)

# What is written.
for file in "${odd[@]}"; do
    expect_status 5 ana export "$file"
    expect_status 5 ana backup "$file"
    expect_status 5 ana backup --replace "$file"
    expect_text "plain file"
done
expect_status 5 ana backup /proc/nothing-is-made-there
expect_text "choose another place"
expect_status 1 ana backup "$scratch/no-such-folder/file"
for file in "$scratch/free" "$scratch/other"; do
    expect_status 5 ana export "$file"
    expect_status 5 ana backup "$file"
    [ ! -e "$file" ] || fail "$file was made"
done
[ -p "$scratch/fifo" ] && [ -d "$scratch/folder" ] && [ -p "$scratch/free.part" ] || fail "something was replaced"

# What is read.
for file in "${odd[@]}"; do
    expect_status 5 ana verify "$file"
    expect_status 5 ana blocks import "$file" --yes
done
stop ana
for file in "${odd[@]}"; do
    expect_status 5 kithd --home "$scratch/ana" --import "$file"
    expect_text "no plain file"
    expect_status 5 kithd --home "$scratch/bea" --restore "$file" --no-passphrase --words-file "$scratch/words"
    expect_status 2 kithd --home "$scratch/bea" --restore "$scratch/posts" --no-passphrase --words-file "$file"
    expect_status 2 kithd --home "$scratch/bea" --init --passphrase-file "$file"
done

# A pipe that somebody handed in may be read.
expect_status 0 kithd --home "$scratch/ana" --import "$scratch/posts"
cat "$scratch/posts" | "$KITH_BIN/kithd" --home "$scratch/ana" --import - >"$scratch/out" || fail "import -"
grep -q "^0 new, 2 there already" "$scratch/out" || fail "$(cat "$scratch/out")"
cat "$scratch/posts" | "$KITH_BIN/kithd" --home "$scratch/ana" --import /dev/stdin >"$scratch/out" || fail "import /dev/stdin"
"$KITH_BIN/kithd" --home "$scratch/carl" --init --passphrase-file <(sleep 0.2; echo "correct horse") || fail "a passphrase through a pipe"
echo "correct horse" >"$scratch/pass"
start carl --passphrase-file "$scratch/pass"
[ "$(as carl --json status | field state)" != locked ] || fail "another passphrase was read"
as carl lock >/dev/null || fail "lock"
for file in "${odd[@]}"; do
    expect_status 2 timeout 10 "$KITH_BIN/kith" --home "$scratch/carl" unlock --passphrase-file "$file"
done

# Whatever stands in the place of a file of the index, it is made again.
for name in runs runs.new 00000001.run; do
    rm -rf "$scratch/ana/index/${name:?}"
    mkfifo "$scratch/ana/index/$name"
    start ana
    sees ana "$id" || fail "a pipe in the place of $name hides a post"
    stop ana
    rm -rf "$scratch/ana/index/${name:?}"
    mkdir -p "$scratch/ana/index/$name/theirs"
    start ana
    sees ana "$id" || fail "a folder in the place of $name hides a post"
    stop ana
done

# In the place of a part of the home: refused, with what can be done, and left as it is.
for name in key vault journal log archive; do
    mv "$scratch/ana/$name" "$scratch/kept"
    for kind in fifo folder file loop; do
        case $kind in
        fifo) mkfifo "$scratch/ana/$name" ;;
        folder) mkdir -p "$scratch/ana/$name/manifest" ;;
        file) echo theirs >"$scratch/ana/$name" ;;
        loop) ln -s "$name" "$scratch/ana/$name" ;;
        esac
        expect_status 5 kithd --home "$scratch/ana"
        expect_text "a copy\|kith recover"
        [ -e "$scratch/ana/$name" ] || [ -L "$scratch/ana/$name" ] || fail "$kind in the place of $name was removed"
        rm -r "$scratch/ana/$name"
    done
    mv "$scratch/kept" "$scratch/ana/$name"
done
mv "$scratch/ana/lock" "$scratch/kept"
ln -s nowhere/at/all "$scratch/ana/lock"
expect_status 5 kithd --home "$scratch/ana"
expect_text "the file lock"
expect_status 5 kithd --home "$scratch/ana" --import "$scratch/posts"
rm "$scratch/ana/lock"
start ana
stop ana

# The passphrase of a home that is there comes before 24 words are typed.
stop carl
echo "another one" >"$scratch/wrong"
expect_status 5 kithd --home "$scratch/carl" --restore "$scratch/posts" --words-file "$scratch/folder" \
    --passphrase-file "$scratch/wrong"
expect_text "passphrase does not open"
