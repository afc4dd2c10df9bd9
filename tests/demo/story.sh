#!/usr/bin/env bash
# story.sh [--stay | --end]: one relay and three people on this machine, told in the terminal.  She
# posts, a friend stands with her, and the man she blocked is on everybody's screen but hers.
#
#   --stay  leaves the nodes alive afterwards and opens a session as her
#   --end   ends what --stay left
#
# It checks its own story: the status is 0 only if every screen showed what is told here.
# KITH_BIN names the folder of kith and kithd.
here=$(cd "$(dirname "$0")" && pwd)
left=${KITH_DEMO_LEFT:-${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}/kith-demo-$(id -u)}
stay=0
case "${1:-}" in
'') ;;
--stay) stay=1 ;;
--end) ;;
*)
    echo "demo: '$1' is not known. Examples: ./dev demo, ./dev demo --stay, ./dev demo --end" >&2
    exit 2
    ;;
esac

# --- what --stay left ---------------------------------------------------------------------------

ours() { # ours FOLDER: a scratch folder of this user's, made here
    case "$1" in */kith-e2e-*) [ -O "$1" ] && [ -d "$1" ] ;; *) false ;; esac
}

end_what_was_left() { # 1 if there was nothing
    local before='' who
    [ ! -O "$left" ] || [ -L "$left" ] || read -r before <"$left"
    ours "$before" || return 1
    for who in ana bea carl hub; do "$KITH_BIN/kith" --home "$before/$who" down >/dev/null 2>&1; done
    rm -rf "$before" "$left"
}

if [ "${1:-}" = --end ]; then
    if end_what_was_left; then
        echo "The demo's nodes have stopped, and their folder is gone."
    else
        echo "No demo was left running."
    fi
    exit 0
fi
[ $stay = 0 ] || end_what_was_left

# shellcheck source=tests/e2e/lib.sh
source "$here/../e2e/lib.sh"
export LC_ALL=C.UTF-8

# As in lib.sh, but a node outlives the terminal it was started from.
start() {
    local who=$1
    shift
    setsid "$KITH_BIN/kithd" --home "$scratch/$who" "$@" </dev/null >>"$scratch/$who.log" 2>&1 &
    node_pids[$who]=$!
    within 1000 answers "$who" || fail "$who does not answer"
}

end() { # quietly, and whatever happened
    { kill -TERM "${node_pids[@]}" && wait; } 2>/dev/null
    rm -rf "$scratch"
}
trap 'exit 130' INT TERM HUP

# --- the screen ---------------------------------------------------------------------------------

columns=${COLUMNS:-$(tput cols 2>/dev/null)}
case "$columns" in '' | *[!0-9]*) columns=80 ;; esac
[ "$columns" -le 132 ] || columns=132
gap=2
width=$(((columns - 2 * gap) / 3)) # of one screen
layout=side_by_side
[ "$width" -ge 24 ] || {
    width=$columns
    layout=below_each_other
}

if [ -t 1 ] && [ -n "${TERM:-}" ] && [ "$TERM" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' dim='' plain=''
fi

pause() { [ ! -t 1 ] || sleep "${KITH_DEMO_PAUSE:-1}"; }

tell() { # tell TEXT: a paragraph of the story
    printf '\n'
    tr '\n' ' ' <<<"$*" | wrap "$((columns < 90 ? columns : 90))"
    pause
}

rule() { printf '%*s' "$1" '' | tr ' ' '-'; }

# wrap COLUMNS: longer lines go on below themselves, indented by what they began with.
wrap() {
    awk -v width="$1" '
        { sub(/ +$/, "") }
        length($0) <= width { print; next }
        {
            match($0, /^ *([0-9]+\. )?/)
            indent = sprintf("%*s", RLENGTH, "")
            line = $0
            while (length(line) > width) {
                cut = width
                while (cut > RLENGTH + 1 && substr(line, cut + 1, 1) != " ") cut--
                if (cut <= RLENGTH + 1) cut = width
                head = substr(line, 1, cut)
                sub(/ +$/, "", head)
                print head
                rest = substr(line, cut + 1)
                sub(/^ +/, "", rest)
                line = indent rest
            }
            print line
        }'
}

# types WHO COMMAND... [-- WORDS]: run it as them, and show it as they would meet it.  The words
# come from standard input: what stands on a command line ends up in histories.
types() {
    local who=$1 command=() words=
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        command+=("$1")
        shift
    done
    [ $# -eq 0 ] || words=$2
    local shown='' word
    for word in "${command[@]}"; do
        case "$word" in -) ;; *\ *) shown+=" \"$word\"" ;; *) shown+=" $word" ;; esac
    done
    printf '\n%s%s types%s  kith%s\n' "$bold" "$who" "$plain" "$shown"
    [ -z "$words" ] || printf '%*s%s\n' "$((${#who} + 8))" '' "${words:0:$((columns - ${#who} - 8))}"
    "$KITH_BIN/kith" --home "$scratch/$who" "${command[@]}" \
        <<<"$words" >"$scratch/answer" 2>&1 || fail "$who: kith$shown: $(cat "$scratch/answer")"
    wrap "$((columns - 4))" <"$scratch/answer" | sed "s/^/    $dim/; s/\$/$plain/"
    pause
}

# screen WHO COMMAND...: what they would see, into a file a column wide; kept for the end, too.
screen() {
    local who=$1
    shift
    COLUMNS='' as "$who" "$@" 2>&1 | tee -a "$scratch/all-$who" | wrap "$width" >"$scratch/screen-$who"
}

# screens COMMAND...: the three of them, side by side where the terminal has room, else one below
# the other.
screens() {
    local who
    for who in ana bea carl; do screen "$who" "$@"; done
    printf '\n%skith %s%s, on each of their screens:\n\n' "$bold" "${shown_as:-$*}" "$plain"
    $layout
    pause
}

below_each_other() {
    local who
    for who in ana bea carl; do
        printf '%s%s%s\n%s\n' "$bold" "$who" "$plain" "$(rule "$width")"
        cat "$scratch/screen-$who"
        printf '\n'
    done
}

side_by_side() {
    local who i most=0 line lines_ana lines_bea lines_carl
    for who in ana bea carl; do
        declare -n lines=lines_$who
        mapfile -t lines <"$scratch/screen-$who"
        lines=("$who" "$(rule "$width")" "${lines[@]}")
        [ "${#lines[@]}" -le "$most" ] || most=${#lines[@]}
    done
    for ((i = 0; i < most; i++)); do
        line=
        for who in ana bea carl; do
            declare -n lines=lines_$who
            line+=$(printf '%-*s%*s' "$width" "${lines[i]:-}" "$gap" '')x
            line=${line%x}
        done
        printf '%s\n' "$line" | sed 's/ *$//'
    done
}

# --- what must hold -----------------------------------------------------------------------------

shows() { grep -qF -- "$2" "$scratch/all-$1" || fail "$1's screens do not show: $2"; }
hides() { ! grep -qF -- "$2" "$scratch/all-$1" || fail "$1's screens show: $2"; }

# Posts of one second have no order that a reader would understand.
next_second() {
    local now=$EPOCHSECONDS
    while [ "$EPOCHSECONDS" = "$now" ]; do sleep 0.05; done
}

# --- the story ----------------------------------------------------------------------------------

tell "Three people have a node each on this machine, and one relay passes on what they say. Ana is
about to say something for the first time. Bea is her friend. Carl is the one it is about."

relay hub
people ana bea carl
joined hub ana bea carl
for who in ana bea carl; do
    within 300 has_peers "$who" 1 || fail "$who is not connected"
done
carl=$(as carl status | sed -n 's/^identity *//p')
[ -n "$carl" ] || fail "carl has no key"

tell "All three joined with the same invite: the network lets Carl in like anybody else. Ana does not
wait for him to speak. She blocks him first, and nobody is told."
types ana block - --label "the one from work" -- "$carl"

tell "Then she says it."
words="It was my boss. It took me six years to say it."
printf '\n%sana types%s  kith post --tag metoo\n%11s%s\n' "$bold" "$plain" '' "$words"
before_ms=$(($(date +%s%N) / 1000000))
post=$(printf '%s\n' "$words" | "$KITH_BIN/kith" --home "$scratch/ana" --json post - --tag metoo | field id)
[ -n "$post" ] || fail "ana's post was not acknowledged"
within 100 sees bea "$post" || fail "bea does not see it within a second"
after_ms=$(($(date +%s%N) / 1000000))
within 100 sees carl "$post" || fail "carl does not see it within a second"
tell "$((after_ms - before_ms)) ms later it is on Bea's screen. Bea knows only the relay, not Ana's node."

id=${post:0:6}
next_second
types bea reply "$id" - -- "I believe you. I am with you."
types bea react "$id" with
next_second

tell "Carl has read it as well; it was public. He writes under the same tag, replies to her, reacts,
and passes her post on with words of his own."
his_words="Support to everybody here. There are always two sides."
types carl post - --tag metoo -- "$his_words"
types carl reply "$id" - -- "Ana, you have my full support."
types carl react "$id" heart
types carl echo "$id" - -- "Brave. I always supported her."

under() { as "$1" --json thread "$post" | grep -c '"id"'; }
everything() { # everything WHO: all of Carl's four, and Bea's two, have come to them
    [ "$(under "$1")" = 3 ] && as "$1" --json tag metoo | grep -qF "$his_words" &&
        as "$1" --json show "$post" | grep -F '"heart":1' | grep -qF '"with":1'
}
for who in bea carl; do
    within 300 everything "$who" || fail "$who does not see what was said"
done
within 300 eval '[ "$(under ana)" = 2 ]' || fail "ana does not see the reply"
# What the relay gave to Bea it has given to Ana: her node holds his posts, and shows none of them.
sleep 0.3

tell "Here is what each of them sees now."
screens tag metoo
shown_as="thread $id"
screens thread "$post"
shown_as=

tell "On Ana's screen he is not there: no placeholder, no gap in the numbers, no heart too many. The
others see him, since what they read is theirs to decide; neither they nor he can tell that she does not."

for command in timeline tags inbox people "people --strangers" "tag metoo --strangers" "search support" \
    "tally metoo" "show $post"; do
    # shellcheck disable=SC2086
    screen ana $command
    # shellcheck disable=SC2086
    as ana --json $command >>"$scratch/all-ana" 2>&1
done

for who in ana bea carl; do
    shows "$who" "It was my boss."
    shows "$who" "I believe you."
done
for who in bea carl; do
    shows "$who" "Support to everybody"
    shows "$who" "full support"
    shows "$who" "heart 1"
done
for trace in carl "${carl:0:24}" Support support "heart 1" '"heart"' Brave "2 replies" "from work"; do
    hides ana "$trace"
done

tell "Her own list is the one place where she meets him, under the words she chose."
types ana blocks
grep -qF "the one from work" "$scratch/answer" || fail "ana's list does not show whom she blocked"

# --- the end ------------------------------------------------------------------------------------

if [ $stay = 0 ]; then
    tell "That was the story, and each screen was checked while it was told. The nodes stop now, and their
folder goes away. ./dev demo --stay keeps them, and makes you Ana."
    exit 0
fi

(umask 077 && rm -f "$left" && printf '%s\n' "$scratch" >"$left")
trap - EXIT INT TERM HUP
disown -a
tell "The nodes stay alive in $scratch until you type ./dev demo --end."
if [ -t 0 ]; then
    printf 'You are Ana now. Try: tag metoo, reply 1, blocks.\n\n'
    exec "$KITH_BIN/kith" --home "$scratch/ana"
fi
printf 'There is no terminal for a session here. In one, this makes you Ana:\n    %s/kith --home %s/ana\n' \
    "$KITH_BIN" "$scratch"
