#!/usr/bin/env bash
# Promise 7: with the node locked, nothing that says anything stands in the clear in any file of the
# home: no text, tag, name, petname, label, shield, path, peer, key or id, in no form; nor in the
# process that stays behind.
source "$(dirname "$0")/lib.sh"
export LC_ALL=C
echo "correct horse battery" >"$scratch/pass"

relay hub
as ana init --name "Anabelle" --shield itwasme --passphrase-file "$scratch/pass" >/dev/null || fail "init"
as ana up --passphrase-file "$scratch/pass" >/dev/null || fail "up"
people bea carl dora
joined hub ana bea carl dora
for who in bea carl dora; do says "$who" post "spoken by $who-the-first" --tag metoo --tag "only$who" >/dev/null; done
for who in ana bea carl dora; do key_of "$who"; done >"$scratch/keys"
mapfile -t keys <"$scratch/keys"
as ana follow "${keys[1]}" >/dev/null && as ana follow --tag timesup >/dev/null || fail "follow"
as ana people name "${keys[1]}" @sisterofmine >/dev/null || fail "petname"
as ana vouch "${keys[1]}" >/dev/null || fail "vouch"
as ana shield --word courtroom >/dev/null || fail "shield"
mine=$(says ana post "nobody is to read this sentence" --tag metoo --note "contentnoteofmine" --expires 7d)
answer=$(says bea reply "$(as bea --json tag onlybea --strangers | field id)" "an answer in the threadofbea")
within 500 sees ana "$answer" tag metoo --strangers || within 500 sees ana "$answer" thread "$answer" --strangers ||
    fail "an answer does not arrive"
says ana react "$answer" with >/dev/null
within 500 sees ana "$(as carl --json mine | field id | head -n 1)" tag onlycarl --strangers
as ana block "${keys[2]}" --label himoffourthstreet --keep-evidence "$scratch/evidenceofcarl" \
    --passphrase-file "$scratch/pass" >/dev/null || fail "block"
as ana search "spoken" --strangers >/dev/null
as ana lock >/dev/null && as ana unlock --passphrase-file "$scratch/pass" >/dev/null || fail "lock and unlock"
says ana post "a second sentence after unlocking" --tag timesup >/dev/null
retracted=$(says ana post "a sentence taken back" --tag metoo)
as ana retract "$retracted" >/dev/null || fail "retract"
as ana export "$scratch/exported" --strangers --show-shielded >/dev/null || fail "export"
as ana people --strangers | grep -o 'kith1[a-z0-9]*' >"$scratch/bech" || fail "no keys among people"
as ana status | grep -o 'kith1[a-z0-9]*' >>"$scratch/bech"
for who in ana bea carl dora; do as "$who" --json mine | field id; done >"$scratch/ids"
addresses="$(address_of hub) $(address_of ana)"
cp "$scratch/bech" "$scratch/words"
printf '%s\n' Anabelle sisterofmine himoffourthstreet "nobody is to read" "second sentence" "taken back" \
    contentnoteofmine threadofbea "spoken by" metoo onlybea onlycarl onlydora timesup courtroom itwasme evidenceofcarl \
    "correct horse" "dora-the-first" >>"$scratch/words"
for address in $addresses; do echo "${address##*/}"; done >>"$scratch/words" # their static keys, in base32
sed 's|.*//||; s|/.*||' <<<"$(address_of hub)" >>"$scratch/words"           # whom she dials
as hub --json status | field identity >>"$scratch/keys"

# Everything as hexadecimal octets, so that one search finds every form.
to_hex() { od -An -v -tx1 "$@" | tr -d ' \n'; }
from_hex() { printf "$(sed 's/../\\x&/g' <<<"$1")"; }
while read -r word; do printf '%s' "$word" | to_hex && echo; done <"$scratch/words" >"$scratch/wanted"
while read -r octets; do
    [ ${#octets} -eq 64 ] || fail "no key or id: $octets"
    echo "${octets:0:24}"                                                    # itself, its beginning is enough
    printf '%s' "${octets:0:16}" | to_hex && echo                            # in hexadecimal
    printf '%s' "${octets:0:16}" | tr a-f A-F | to_hex && echo
    from_hex "$octets" | base32 -w0 | cut -c 1-24 | tr -d '\n' | to_hex && echo # in base32
    from_hex "$octets" | base32 -w0 | cut -c 1-24 | tr -d '\n' | tr A-Z a-z | to_hex && echo
done < <(cat "$scratch/keys" "$scratch/ids") >>"$scratch/wanted"
[ "$(wc -l <"$scratch/wanted")" -ge 80 ] || fail "too little to look for"

found_in() { to_hex "$1" | grep -oFf "$scratch/wanted" | sort -u; }
# What is looked for can be found: the same search in what left the home by her own command.
[ "$(found_in "$scratch/exported" | wc -l)" -ge 15 ] || fail "the search finds nothing where all of it stands"

pid=$(pgrep -f "kithd --home $scratch/ana")
node_pids[ana]=$pid
as ana lock >/dev/null || fail "lock"
files=0
while read -r file; do
    found=$(found_in "$file")
    [ -z "$found" ] || fail "$file holds $(from_hex "$(head -n 1 <<<"$found")" | tr -c '[:print:]' .)"
    files=$((files + 1))
done < <(find "$scratch/ana" -type f)
[ "$files" -ge 8 ] || fail "only $files files were looked at"
find "$scratch/ana" >"$scratch/paths"
sed "s|$scratch||" "$scratch/paths" >"$scratch/names"
[ -z "$(found_in "$scratch/names")" ] || fail "the name of a file says something"

# The process: no dumps, keys kept out of the swap where the system allows, nothing left behind.
grep -q '^Max core file size *0 *0' "/proc/$pid/limits" || fail "core dumps are on"
memory_of() { # only root may; others have shown that they may not
    python3 - "$1" <<'PYTHON' >"$scratch/memory" 2>/dev/null
import sys
with open(f"/proc/{sys.argv[1]}/maps") as maps, open(f"/proc/{sys.argv[1]}/mem", "rb") as memory:
    for line in maps:
        start, end = (int(at, 16) for at in line.split()[0].split("-"))
        if line.split()[1].startswith("rw"):
            try:
                memory.seek(start)
                sys.stdout.buffer.write(memory.read(end - start))
            except (OSError, ValueError, OverflowError):
                pass
PYTHON
}
if memory_of "$pid" && [ -s "$scratch/memory" ]; then
    found=$(found_in "$scratch/memory")
    [ -z "$found" ] || fail "a locked node has in memory: $(from_hex "$(head -n 1 <<<"$found")" | tr -c '[:print:]' .)"
    as ana unlock --passphrase-file "$scratch/pass" >/dev/null || fail "unlock"
    for i in 1 2 3; do as ana show "$mine" >/dev/null || fail "show"; done # what is read stays a while
    memory_of "$pid"
    for word in "nobody is to read" sisterofmine courtroom; do
        grep -aq "$word" "$scratch/memory" || fail "the memory of an open node was not searched: $word"
    done
    ! grep -aq "correct horse" "$scratch/memory" || fail "the passphrase stays in memory"
else
    as ana unlock --passphrase-file "$scratch/pass" >/dev/null || fail "unlock"
fi
as ana timeline >/dev/null || fail "timeline"
limit=$(ulimit -H -l)
[ -z "${KITH_SANITIZED:-}" ] || limit=0 # sanitizers let no program do that
if [ "$limit" = unlimited ] || [ "$limit" -ge 64 ]; then
    locked=$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status")
    [ "$locked" -gt 0 ] || fail "no memory is kept out of the swap"
fi
as ana down >/dev/null || fail "down"
unset "node_pids[ana]"
