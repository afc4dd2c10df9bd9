#!/usr/bin/env bash
# Promise 1: a log depends on commands, connections and the environment, never on which posts were
# accepted.  The same evening twice: once the person she blocked speaks a lot, once not at all; her
# log says the same, but for times and addresses.
source "$(dirname "$0")/lib.sh"

evening() { # evening N SPEAKS
    local n=$1 speaks=$2 post i
    relay "hub$n"
    people "ana$n" "bea$n" "xav$n"
    joined "hub$n" "ana$n" "bea$n" "xav$n"
    as "ana$n" block "$(key_of "xav$n")" --label him >/dev/null || fail "block"
    post=$(says "ana$n" post "me too" --tag metoo)
    within 300 sees "xav$n" "$post" || fail "the post does not arrive"
    if [ "$speaks" = yes ]; then
        for i in $(seq 12); do
            says "xav$n" post "support $i" --tag metoo >/dev/null
            says "xav$n" reply "$post" "always $i" >/dev/null
        done
        says "xav$n" react "$post" heart >/dev/null
        as "xav$n" vouch "$(key_of "bea$n")" >/dev/null || fail "vouch"
        as "xav$n" profile --name "Xaver the Good" >/dev/null || fail "profile"
        post=$(says "xav$n" post "the last of it" --tag metoo)
        within 300 sees "bea$n" "$post" || fail "his posts do not arrive"
    fi
    says "bea$n" post "with you" --tag metoo >/dev/null
    as "ana$n" --json tag metoo --strangers >/dev/null || fail "tag"
    stop "ana$n" || fail "stop"
    start "ana$n"
    within 500 has_peers "ana$n" 1 || fail "ana does not connect again"
    as "ana$n" timeline >/dev/null || fail "timeline"
    stop "ana$n" || fail "stop"
}

evening 1 yes
evening 2 no
plain() {
    sed -e 's/^[^ ]* //' -e 's|kith://[^ ]*|ADDRESS|g' -e 's/127\.0\.0\.1:[0-9]*/ADDRESS/g' \
        -e "s|$scratch/[a-z]*[0-9]|HOME|g" "$scratch/ana$1.log"
}
plain 1 >"$scratch/spoke"
plain 2 >"$scratch/silent"
[ -s "$scratch/spoke" ] || fail "she has no log at all"
diff "$scratch/spoke" "$scratch/silent" >&2 || fail "her log depends on what he said"
