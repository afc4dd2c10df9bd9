#!/usr/bin/env bash
# One invite admits as many as it says, the same person any number of times, and survives kill -9.
source "$(dirname "$0")/lib.sh"

relay hub
people ana bea carl
invite=$(as hub --json invite --uses 1 | field invite)
as ana join "$invite" >/dev/null || fail "ana cannot join"
as ana join "$invite" >/dev/null || fail "joining twice is refused"
expect_status 5 as bea join "$invite"
crash hub
relay hub
expect_status 5 as carl join "$invite"
expect_text "refused the invite"

# A member invites; somebody else's invite to that relay does not count.
within 1000 has_peers ana 1 || fail "ana does not connect again"
invite=$(as ana --json invite | field invite)
as bea join "$invite" >/dev/null || fail "bea cannot join with a member's invite"
introduced() { as bea --json people | grep -q "$(key_of ana)"; }
within 200 introduced || fail "bea does not know who invited her"
expect_status 2 as carl join "${invite}x"

# A person who is no member cannot invite.
expect_status 5 as carl invite

# So many come by one member's invites on one day, also after a crash, and so many are members in all.
# Whoever comes too late has lost nothing.
[ $(($(date +%s) % 86400)) -lt 86370 ] || sleep 30
small() {
    start small --relay --listen "127.0.0.1:${relay_ports[small]:-0}" --member-newcomers 1 --members "$1"
    relay_ports[small]=$(address_of small | sed 's/.*:\([0-9]*\)\/.*/\1/')
}
small 3
people dora eve fay gil
joined small dora
invite=$(as dora --json invite --uses 2 | field invite)
as eve join "$invite" >/dev/null || fail "eve cannot join with a member's invite"
expect_status 5 as fay join "$invite"
expect_text "no more people by this person's invites today"
expect_text "try again tomorrow"
crash small
small 3
within 1000 has_peers fay 1 || fail "fay does not connect again"
expect_status 5 as fay join "$invite"
expect_text "try again tomorrow"
as eve join "$invite" >/dev/null || fail "who is a member is not told so"
invite=$(as small --json invite --uses 2 | field invite)
as fay join "$invite" >/dev/null || fail "fay cannot join by the relay's own invite"
expect_status 5 as gil join "$invite"
expect_text "as many members as it takes in"
crash small
small 4
within 1000 has_peers gil 1 || fail "gil does not connect again"
as gil join "$invite" >/dev/null || fail "there is room now"
