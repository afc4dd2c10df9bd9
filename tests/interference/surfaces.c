#include "tests/interference/surfaces.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "tests/interference/surfaces_ask.h"
#include "tests/interference/surfaces_sealed.h"

static void ask_sealed(struct surfaces *s, enum sealed_purpose purpose, size_t count,
                       const char *const *words)
{
    struct answer answers[2];
    bool same = false;
    sealed_ask(s, &same, answers, purpose, count, words);
    compare_answers(s, words[0], &answers[0], &answers[1]);
    if (!same) {
        s->differing_count++;
        (void)fprintf(stderr, "seed %llu: what '%s' sealed differs\n",
                      (unsigned long long)s->history->seed, words[0]);
    }
}

#define ASK_SEALED(s, purpose, ...)                                                                \
    ask_sealed((s), (purpose), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),  \
               (const char *const[]){__VA_ARGS__})

/* Whom a history's seed picks; over several, somebody blocked and somebody not. */
static void ask_evidence(struct surfaces *s)
{
    char own[65];
    char hex[65];
    struct key owner = world_owner(s->all).key;
    const struct person *about = &s->history->people[1 + s->history->seed % (HISTORY_PEOPLE - 1)];
    (void)sodium_bin2hex(own, sizeof own, owner.octets, KEY_LEN);
    (void)sodium_bin2hex(hex, sizeof hex, about->key.octets, KEY_LEN);
    ASK(s, "block", hex, "--keep-evidence", "/nowhere/at/all", "--for", own);
    ASK(s, "block", hex, "--keep-evidence", "file");
    ASK_SEALED(s, SEALED_EVIDENCE, "block", hex, "--keep-evidence", "FILE", "--for", own, "--json");
}

static void ask_verify(struct surfaces *s)
{
    ask_both_forms(s, "verify", sealed_evidence(s), NULL);
    ask_both_forms(s, "verify", sealed_list(s), NULL);
    sealed_remove();
    ASK(s, "verify", "/nowhere/at/all");
}

/* What is said of a backup, not what lies in it: that is every post there is. */
static void ask_backup(struct surfaces *s)
{
    const char *file = sealed_place();
    ASK(s, "backup", file, "--replace");
    ASK(s, "backup", file);
    ASK(s, "backup", file, "--all", "--replace", "--json");
    ASK(s, "backup", file, "--all", "--replace");
    sealed_remove();
}

/* Where nothing is kept from before, so that undoing leaves what was. */
static void ask_import(struct surfaces *s)
{
    const char *file = sealed_list(s);
    ask_both_forms(s, "blocks", "import", file);
    ASK(s, "blocks", "import", file, "--yes");
    ASK(s, "blocks", "--json");
    ASK(s, "timeline", "--strangers", "--json");
    ASK(s, "blocks", "undo");
    ASK(s, "blocks", "undo", "--json");
    ASK(s, "blocks", "--json");
    sealed_remove();
}

static void hex_of(char out[65], const struct surfaces *s, size_t fact)
{
    (void)sodium_bin2hex(out, 65, s->history->posts.ids[fact].octets, POST_ID_LEN);
}

/* Over three histories every place in one is asked about. */
static bool is_its_turn(const struct surfaces *s, size_t fact)
{
    return (fact + s->history->seed) % 3 == 0;
}

/* A command that names a post, for every third post of the history, whole and by a prefix. */
static void ask_each_post(struct surfaces *s, const char *command, const char *last)
{
    for (size_t i = 0; i < s->history->facts_count; i++) {
        if (!is_its_turn(s, i)) {
            continue;
        }
        char hex[65];
        hex_of(hex, s, i);
        if (last != NULL) {
            ASK(s, command, hex, last, "--json");
        } else {
            ASK(s, command, hex, "--json");
        }
        if (i % 4 == 0) {
            hex[4 + i % 5] = '\0';
            ASK(s, command, hex);
        }
    }
}

static void ask_each_person(struct surfaces *s, const char *command)
{
    for (int i = 1; i < HISTORY_PEOPLE; i++) {
        char hex[65];
        char petname[PERSON_NAME_MAX + 2];
        (void)sodium_bin2hex(hex, sizeof hex, s->history->people[i].key.octets, KEY_LEN);
        (void)snprintf(petname, sizeof petname, "@%s", s->history->people[i].name);
        ASK(s, command, hex);
        ASK(s, command, petname);
    }
}

/* The same reading command with --show-shielded, with and without --strangers. */
static void ask_shielded(struct surfaces *s, const char *command, const char *subject)
{
    if (s->shields_stay_up) {
        return;
    }
    const char *words[5] = {command};
    size_t count = 1;
    if (subject != NULL) {
        words[count++] = subject;
    }
    words[count++] = "--json";
    words[count++] = "--show-shielded";
    ask_words(s, count, words);
    if (strcmp(command, "tally") != 0) {
        words[count++] = "--strangers";
        ask_words(s, count, words);
    }
}

static void ask_shielded_posts(struct surfaces *s, const char *command)
{
    for (size_t i = 1; i < s->history->facts_count; i += 5) {
        char hex[65];
        hex_of(hex, s, i);
        ask_shielded(s, command, hex);
        hex[6] = '\0';
        ask_shielded(s, command, hex);
    }
}

static void ask_pages(struct surfaces *s, const char *command, const char *subject)
{
    ask_both_forms(s, command, subject, NULL);
    ask_shielded(s, command, subject);
    ask_both_forms(s, command, subject != NULL ? subject : "--strangers",
                   subject != NULL ? "--strangers" : NULL);
    for (size_t i = 0; i < s->history->facts_count; i += 9) {
        char hex[65];
        hex_of(hex, s, i);
        if (subject != NULL) {
            ASK(s, command, subject, "--limit", "3", "--before", hex);
        } else {
            ASK(s, command, "--limit", "3", "--before", hex);
        }
    }
}

static void ask_completions(struct surfaces *s)
{
    static const char *const kinds[] = {"key", "tag", "label"};
    static const char *const prefixes[] = {"", "a", "c", "@", "@x", "m", "n"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t p = 0; p < sizeof prefixes / sizeof prefixes[0]; p++) {
            const char *pairs[] = {"kind", kinds[i], "prefix", prefixes[p]};
            ask_raw(s, CONTROL_COMPLETE, 2, pairs);
        }
    }
}

static void ask_search(struct surfaces *s)
{
    for (size_t i = 0; i < history_words_count; i++) {
        ask_both_forms(s, "search", history_words[i], i % 2 == 0 ? "--strangers" : NULL);
    }
    ask_pages(s, "search", "never again");
}

static void ask_tags(struct surfaces *s, const char *command)
{
    for (int i = 0; i < HISTORY_TAGS; i++) {
        ask_both_forms(s, command, history_tags[i], NULL);
        ask_shielded(s, command, history_tags[i]);
    }
}

/* Every command, one after another.  No default: a new one does not compile until it says how it
 * is compared. */
static void ask_command(struct surfaces *s, enum control_command command, bool writes)
{
    const char *hidden_or_not[] = {"who", ""};
    switch (command) {
    /* What reads. */
    case CONTROL_STATUS:
        if (!writes) {
            ask_both_forms(s, "status", NULL, NULL);
        }
        break;
    case CONTROL_PEER_LIST:
        if (!writes) {
            ask_both_forms(s, "peer", "list", NULL);
        }
        break;
    case CONTROL_TIMELINE:
        if (!writes) {
            ask_pages(s, "timeline", NULL);
        }
        break;
    case CONTROL_TAG:
        if (!writes) {
            ask_tags(s, "tag");
            ask_pages(s, "tag", history_tags[0]);
        }
        break;
    case CONTROL_TAGS:
        if (!writes) {
            ask_both_forms(s, "tags", NULL, NULL);
            ask_both_forms(s, "tags", "--strangers", NULL);
            ask_shielded(s, "tags", NULL);
        }
        break;
    case CONTROL_THREAD:
        if (!writes) {
            ask_each_post(s, "thread", NULL);
            ask_each_post(s, "thread", "--strangers");
            ask_shielded_posts(s, "thread");
        }
        break;
    case CONTROL_SHOW:
        if (!writes) {
            ask_each_post(s, "show", NULL);
            ask_each_post(s, "show", "--strangers");
            ask_shielded_posts(s, "show");
        }
        break;
    case CONTROL_SEARCH:
        if (!writes) {
            ask_search(s);
        }
        break;
    case CONTROL_INBOX:
        if (!writes) {
            ask_pages(s, "inbox", NULL);
        }
        break;
    case CONTROL_MINE:
        if (!writes) {
            ask_both_forms(s, "mine", NULL, NULL);
            ASK(s, "mine", "--limit", "3");
        }
        break;
    case CONTROL_TALLY:
        if (!writes) {
            ask_tags(s, "tally");
        }
        break;
    case CONTROL_PEOPLE:
        if (!writes) {
            ask_both_forms(s, "people", NULL, NULL);
            ask_both_forms(s, "people", "--strangers", NULL);
            ask_shielded(s, "people", NULL);
        }
        break;
    case CONTROL_WEB:
        if (!writes) {
            ask_both_forms(s, "web", NULL, NULL);
        } else {
            static const char *const steps[] = {"2", "8", "1", "3", "9", "4"};
            for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
                ASK(s, "web", steps[i]);
                ask_command(s, CONTROL_PEOPLE, false);
                ask_command(s, CONTROL_TIMELINE, false);
                ASK(s, "tally", history_tags[0], "--json");
            }
        }
        break;
    case CONTROL_BLOCKS:
        if (!writes) {
            ask_both_forms(s, "blocks", NULL, NULL);
        }
        break;
    case CONTROL_BLOCKS_EXPORT:
        if (!writes) {
            ASK_SEALED(s, SEALED_BLOCKS, "blocks", "export", "FILE");
        }
        break;
    case CONTROL_BLOCKS_CONFIRM:
        if (!writes) {
            ask_both_forms(s, "blocks", "confirm", NULL);
        } else {
            ASK(s, "blocks", "--confirm", "--yes");
        }
        break;
    case CONTROL_RECOVERY_WORDS:
        if (!writes) {
            ask_raw(s, CONTROL_RECOVERY_WORDS, 0, NULL);
        }
        break;
    case CONTROL_BACKUP:
        if (!writes) {
            ask_backup(s);
        }
        break;
    case CONTROL_VERIFY:
        if (!writes) {
            ask_verify(s);
        }
        break;
    case CONTROL_SHIELDS:
        if (!writes) {
            ask_both_forms(s, "shields", NULL, NULL);
        }
        break;
    case CONTROL_OUTBOX:
        if (!writes) {
            ask_both_forms(s, "outbox", NULL, NULL);
        }
        break;
    case CONTROL_EXPORT:
        if (!writes) {
            ASK(s, "export", "-");
            ask_shielded(s, "export", "-");
            ask_raw(s, CONTROL_EXPORT, 0, NULL);
        }
        break;
    case CONTROL_COMPLETE:
        if (!writes) {
            ask_completions(s);
        }
        break;
    case CONTROL_WATCH:
        if (!writes) {
            ask_both_forms(s, "watch", NULL, NULL);
            ask_shielded(s, "watch", NULL);
        }
        break;

    /* What changes something. */
    case CONTROL_POST:
        if (writes) {
            ASK(s, "post", "a new one", "--tag", "metoo", "--json");
            ASK(s, "post", "", "--tag", "work");
        }
        break;
    case CONTROL_REPLY:
        if (writes) {
            for (size_t i = 0; i < s->history->facts_count; i++) {
                char hex[65];
                if (!is_its_turn(s, i)) {
                    continue;
                }
                hex_of(hex, s, i);
                ASK(s, "reply", hex, "I hear you", "--json");
            }
        }
        break;
    case CONTROL_REACT:
        if (writes) {
            ask_each_post(s, "react", "with");
        }
        break;
    case CONTROL_ECHO:
        if (writes) {
            ask_each_post(s, "echo", NULL);
        }
        break;
    case CONTROL_RETRACT:
        if (writes) {
            ask_each_post(s, "retract", NULL);
        }
        break;
    case CONTROL_NAME:
        if (writes) {
            for (int i = 1; i < HISTORY_PEOPLE; i++) {
                char hex[65];
                (void)sodium_bin2hex(hex, sizeof hex, s->history->people[i].key.octets, KEY_LEN);
                ASK(s, "people", "name", hex, "@renamed");
            }
        }
        break;
    case CONTROL_FOLLOW:
        if (writes) {
            ask_each_person(s, "follow");
        }
        break;
    case CONTROL_UNFOLLOW:
        if (writes) {
            ask_each_person(s, "unfollow");
        }
        break;
    case CONTROL_VOUCH:
        if (writes) {
            ask_each_person(s, "vouch");
        }
        break;
    case CONTROL_UNVOUCH:
        if (writes) {
            ask_each_person(s, "unvouch");
        }
        break;
    case CONTROL_PROFILE:
        if (writes) {
            ASK(s, "profile");
            ASK(s, "profile", "--name", "Bea", "--bio", "here");
            ASK(s, "profile", "--json");
        }
        break;
    case CONTROL_BLOCK:
        if (writes) {
            ask_evidence(s);
            ask_each_post(s, "block", NULL);
            ask_each_person(s, "block");
        }
        break;
    case CONTROL_UNBLOCK:
        if (writes) { /* who is blocked for good stays blocked: the promise speaks of them */
            ASK(s, "unblock", "@gia");
            ASK(s, "unblock", "nobody");
            ask_raw(s, CONTROL_UNBLOCK, 1, hidden_or_not);
        }
        break;
    case CONTROL_BLOCKS_IMPORT:
        if (writes) {
            ask_import(s);
        }
        break;
    case CONTROL_BLOCKS_UNDO:
        if (writes) {
            ASK(s, "blocks", "undo");
        }
        break;
    case CONTROL_SHIELD:
        if (writes) {
            ASK(s, "shield", history_tags[2]);
            ASK(s, "shield", "--word", history_words[0]);
            ASK(s, "shield", "--word", "two words");
            ASK(s, "shield", "not a tag");
            ask_raw(s, CONTROL_SHIELD, 0, NULL);
        }
        break;
    case CONTROL_UNSHIELD:
        if (writes) {
            ASK(s, "unshield", history_tags[2]);
            ASK(s, "unshield", history_tags[HISTORY_HARD_TAG]);
            ASK(s, "unshield", "--word", history_words[0]);
            ASK(s, "unshield", "--word", "nobody");
        }
        break;
    case CONTROL_PEER_ADD:
        if (writes) {
            ASK(s, "peer", "add", "kith://relay.example:7117/nonsense");
        }
        break;
    case CONTROL_PEER_REMOVE:
        if (writes) {
            ASK(s, "peer", "remove", "kith://relay.example:7117/nonsense");
        }
        break;
    case CONTROL_INVITE:
        if (writes) {
            ASK(s, "invite");
        }
        break;
    case CONTROL_JOIN:
        if (writes) {
            ASK(s, "join", "nonsense");
        }
        break;
    case CONTROL_DOWN:
    case CONTROL_PANIC:
        if (writes) {
            ask_raw(s, command, 0, NULL);
        }
        break;
    case CONTROL_LOCK:
        if (writes) {
            ask_raw(s, CONTROL_LOCK, 0, NULL);
            ASK(s, "lock", "--after", "10m");
            ask_both_forms(s, "status", NULL, NULL);
            ASK(s, "lock", "--after", "off");
        }
        break;
    case CONTROL_UNLOCK:
        if (writes) {
            const char *typed[] = {"passphrase", "correct horse"};
            ask_raw(s, CONTROL_UNLOCK, 1, typed);
        }
        break;
    case CONTROL_PASSPHRASE:
        if (writes) {
            const char *typed[] = {"passphrase", "correct horse", "new", "battery staple"};
            ask_raw(s, CONTROL_PASSPHRASE, 0, NULL);
            ask_raw(s, CONTROL_PASSPHRASE, 2, typed);
        }
        break;
    case CONTROL_COMMANDS_COUNT:
        break;
    }
}

static bool is_asked(const struct surfaces *s, int command, unsigned one_of)
{
    return ((unsigned)command + s->history->seed) % one_of == 0;
}

void surfaces_read(struct surfaces *surfaces, unsigned one_of)
{
    for (int command = 0; command < CONTROL_COMMANDS_COUNT; command++) {
        if (is_asked(surfaces, command, one_of)) {
            ask_command(surfaces, (enum control_command)command, false);
        }
    }
}

void surfaces_write(struct surfaces *surfaces, unsigned one_of)
{
    for (int command = 0; command < CONTROL_COMMANDS_COUNT; command++) {
        size_t asked_before = surfaces->asked_count;
        if (is_asked(surfaces, command, one_of)) {
            ask_command(surfaces, (enum control_command)command, true);
        }
        if (surfaces->asked_count > asked_before) {
            /* What it changed shows everywhere, or nowhere. */
            ASK(surfaces, "timeline", "--json", "--strangers");
            ASK(surfaces, "mine");
            ASK(surfaces, "people");
        }
    }
    surfaces_read(surfaces, one_of);
}
