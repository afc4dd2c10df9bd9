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
