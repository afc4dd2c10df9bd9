#!/usr/bin/env bash
# A relay that wants the posts of some authors alone keeps these and what stands, however often the
# rest is pushed to it and announced; and a relay that wants everything is none the poorer.
source "$(dirname "$0")/lib.sh"

relay hub
start part --relay --listen 127.0.0.1:0 --sets standing --peer "$(address_of hub)"
within 1000 has_peers part 1 || fail "the relays do not meet"
people ana bea
joined hub ana bea
as bea peer add "$(address_of part)" >/dev/null || fail "bea and the other relay"
within 1000 has_peers bea 2 || fail "bea is not connected to both"

for i in 1 2 3; do
    id=$(says ana post "me too $i" --tag metoo)
    within 1000 sees bea "$id" tag metoo --strangers --limit 100 || fail "$id does not reach bea"
done

# Whoever knows that relay alone learns her name from it, and nothing she said.
people carl
as carl peer add "$(address_of part)" >/dev/null || fail "carl and the other relay"
knows_ana() { as carl --json people --strangers | grep -q '"name":"ana"'; }
within 1500 knows_ana || fail "names do not come from a relay that keeps what stands"
sees carl "$id" tag metoo --strangers --limit 100 && fail "a post came from a relay that does not want it"

# A person who wants what stands alone: what she wrote is reconciled all the same, with a relay that
# comes after the one she handed it to is gone.
relay gone
"$KITH_BIN/kithd" --home "$scratch/dora" --init --no-passphrase --name dora || fail "init"
start dora --sets standing
as dora peer add "$(address_of gone)" >/dev/null || fail "dora and the relay that will be gone"
within 1000 has_peers dora 1 || fail "dora is not connected"
hers=$(says dora post "me too, for dora" --tag metoo)
handed() { ! as dora --json outbox | grep -q "$hers"; }
within 1000 handed || fail "dora's post is handed to nobody"
crash gone
as dora peer add "$(address_of hub)" >/dev/null || fail "dora and the relay that stays"
within 2000 sees bea "$hers" tag metoo --strangers --limit 100 || fail "dora's post is lost with the relay"
sees dora "$id" tag metoo --strangers --limit 100 && fail "a post came that dora does not want"
exit 0
