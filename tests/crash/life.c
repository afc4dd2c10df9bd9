#include "tests/crash/life_inner.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/sealed_file.h"
#include "store/vault_recover.h"
#include "tests/support/file_memory.h"
#include "tests/support/splitmix64.h"

#define DAY_S 86400

/* How often in a hundred. */
static const struct {
    const char *name;
    unsigned often;
} acts[LIFE_ACTS_COUNT] = {
    [LIFE_PUT] = {"put", 48},          [LIFE_OWN] = {"own post", 12},
    [LIFE_ADOPT] = {"adopt", 2},       [LIFE_SENT] = {"sent", 6},
    [LIFE_BLOCK] = {"block", 5},       [LIFE_UNBLOCK] = {"unblock", 2},
    [LIFE_PETNAME] = {"petname", 2},   [LIFE_FOLLOW] = {"follow", 2},
    [LIFE_SHIELD] = {"shield", 1},     [LIFE_PEER] = {"peer", 1},
    [LIFE_IMPORT] = {"import", 1},     [LIFE_COPY] = {"copy", 3},
    [LIFE_INVITE] = {"invite", 3},     [LIFE_LIST] = {"list", 1},
    [LIFE_WORDS] = {"passphrase", 1},  [LIFE_TEND] = {"tend", 3},
    [LIFE_MIDNIGHT] = {"midnight", 2}, [LIFE_REOPEN] = {"reopen", 2},
    [LIFE_RECOVER] = {"recover", 1},   [LIFE_TRIM] = {"trim", 2},
};

const char *life_act_name(enum life_act act)
{
    return acts[act].name;
}

uint64_t life_draw(struct life *life, uint64_t below)
{
    return splitmix64(&life->random) % below;
}

static struct life *life_alloc(void)
{
    struct life *life = calloc(1, sizeof *life);
    if (life == NULL) {
        abort();
    }
    return life;
}

struct life *life_new(struct files *files, uint64_t seed)
{
    struct life *life = life_alloc();
    life->random = seed;
    life->now_s = LEDGER_NOW_S;
    ledger_init(&life->ledger);
    enum err_code rc = house_make(files, &life->note);
    rc = rc == ERR_OK
             ? house_open(&life->house, files, &life->ledger.words, life->now_s, &life->note)
             : rc;
    if (rc != ERR_OK) {
        (void)fprintf(stderr, "making a home: %s\n", life->note.text);
        abort();
    }
    life->ledger.generation = vault_contents(life->house.vault)->generation;
    return life;
}

/* One that was freed: copies come and go by the ten thousand. */
static struct life *spare;

struct life *life_copy(const struct life *life, struct files *files)
{
    struct life *copy = spare != NULL ? spare : life_alloc();
    spare = NULL;
    *copy = *life;
    copy->house = (struct house){.files = files};
    return copy;
}

void life_free(struct life *life)
{
    if (life != NULL) {
        house_close(&life->house);
        free(spare);
        spare = life;
    }
}

struct batch {
    uint32_t at[LEDGER_BATCH_MAX];
    size_t count;
};

/* Some post that was stored, or POOL_NONE. */
static uint32_t some_stored(struct life *life)
{
    const struct ledger *ledger = &life->ledger;
    return ledger->order_count == 0 ? POOL_NONE
                                    : ledger->order[life_draw(life, ledger->order_count)];
}

static size_t text_len_of(struct life *life)
{
    uint64_t kind = life_draw(life, 160);
    return (size_t)(kind == 0   ? 2000 + life_draw(life, 10000)
                    : kind < 20 ? 4 + life_draw(life, 800)
                                : 4 + life_draw(life, 120));
}

static uint32_t fresh_text(struct life *life, uint32_t who)
{
    uint64_t expires_s =
        life_draw(life, 8) == 0 ? life->now_s + 1 + life_draw(life, (uint64_t)3 * DAY_S) : 0;
    uint32_t parent = life_draw(life, 4) == 0 ? some_stored(life) : POOL_NONE;
    if (parent != POOL_NONE && pool_at(parent)->subject != POOL_NONE) {
        parent = POOL_NONE;
    }
    return pool_text(who, life->now_s - life_draw(life, 5000), expires_s, parent,
                     text_len_of(life));
}

static void add_to(struct batch *batch, uint32_t index)
{
    batch->at[batch->count++] = index;
}

static void add_one(struct life *life, struct batch *batch)
{
    uint32_t who = (uint32_t)life_draw(life, POOL_PEOPLE);
    uint32_t old = some_stored(life);
    uint64_t kind = life_draw(life, 20);
    if (kind == 0 && old != POOL_NONE) {
        add_to(batch, old); /* it comes again */
    } else if (kind < 3 && old != POOL_NONE) {
        uint32_t by = life_draw(life, 6) == 0 ? who : pool_at(old)->author;
        add_to(batch, pool_retract(by, life->now_s, old));
    } else if (kind == 3) {
        /* Both in one batch, in either order. */
        uint32_t subject = fresh_text(life, who);
        uint32_t retract = pool_retract(who, life->now_s, subject);
        bool first = life_draw(life, 2) == 0;
        add_to(batch, first ? subject : retract);
        add_to(batch, first ? retract : subject);
    } else {
        add_to(batch, fresh_text(life, who));
    }
}

static bool in_order(const struct ledger *ledger, uint32_t index)
{
    return ledger->stored[index];
}

/* Where the store put what it took just now. */
static enum err_code learn_places(struct life *life, uint64_t from)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room room = {.at = octets, .cap = sizeof octets};
    struct ledger *ledger = &life->ledger;
    size_t next = ledger->order_count;
    uint64_t at = 0;
    enum err_code rc;
    while (next > 0 && ledger->at[ledger->order[next - 1]] == LEDGER_UNKNOWN) {
        next--;
    }
    while ((rc = store_next(life->house.store, &room, &at, &from, &life->note)) == ERR_OK) {
        while (next < ledger->order_count &&
               !octets_equal(pool_at(ledger->order[next])->wire, octets_of(room.at, room.len))) {
            next++; /* retracted within its batch */
        }
        if (next == ledger->order_count) {
            return err_note(&life->note, ERR_DAMAGED, "the store holds what was not put");
        }
        ledger->at[ledger->order[next++]] = at;
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err_code put(struct life *life, const struct batch *batch)
{
    struct post posts[LEDGER_BATCH_MAX];
    struct octets wires[LEDGER_BATCH_MAX];
    enum store_put_result results[LEDGER_BATCH_MAX];
    struct ledger *ledger = &life->ledger;
    for (size_t i = 0; i < batch->count; i++) {
        posts[i] = pool_at(batch->at[i])->post;
        wires[i] = pool_at(batch->at[i])->wire;
        ledger->flying[i] = batch->at[i];
    }
    ledger->flying_count = batch->count;
    uint64_t from = store_end(life->house.store);
    enum err_code rc =
        store_put(life->house.store, results, posts, wires, batch->count, life->now_s, &life->note);
    if (rc != ERR_OK) {
        return rc;
    }
    ledger->flying_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        uint32_t index = batch->at[i];
        if (results[i] == STORE_NEW && in_order(ledger, index)) {
            return err_note(&life->note, ERR_DAMAGED, "a post that was stored came as new");
        }
        if (results[i] == STORE_NEW) {
            ledger->stored[index] = true;
            ledger->at[index] = LEDGER_UNKNOWN;
            ledger->order[ledger->order_count++] = index;
        }
    }
    return learn_places(life, from);
}

static enum err_code put_some(struct life *life)
{
    struct batch batch = {.count = 0};
    uint64_t count = life_draw(life, 16) == 0 ? 2 + life_draw(life, 16) : 1;
    for (uint64_t i = 0; i < count && batch.count + 2 <= LEDGER_BATCH_MAX; i++) {
        add_one(life, &batch);
    }
    return put(life, &batch);
}

/* What is in flight is journaled; now the store gets it. */
static enum err_code store_flying(struct life *life)
{
    struct ledger *ledger = &life->ledger;
    struct batch batch = {.count = 0};
    for (size_t i = 0; i < ledger->own_flying_count; i++) {
        ledger->sent[ledger->own_count] = ledger->own_flying_sent;
        ledger->own[ledger->own_count++] = ledger->own_flying[i];
        add_to(&batch, ledger->own_flying[i]);
    }
    ledger->own_flying_count = 0;
    return put(life, &batch);
}

static enum err_code write_own(struct life *life)
{
    struct ledger *ledger = &life->ledger;
    if (ledger->own_count == LEDGER_OWN_MAX) {
        return ERR_OK;
    }
    ledger->own_flying[0] = fresh_text(life, 0);
    ledger->own_flying_count = 1;
    ledger->own_flying_sent = 0;
    const struct pool_post *post = pool_at(ledger->own_flying[0]);
    enum err_code rc =
        journal_own_post(life->house.journal, &post->post.id, post->wire, &life->note);
    return rc == ERR_OK ? store_flying(life) : rc;
}

static enum err_code adopt(struct life *life)
{
    struct ledger *ledger = &life->ledger;
    struct journal_adopted posts[LEDGER_ADOPTED_MAX];
    size_t count =
        2 + (size_t)life_draw(life, life_draw(life, 4) == 0 ? LEDGER_ADOPTED_MAX - 1 : 2);
    if (ledger->own_count + count > LEDGER_OWN_MAX) {
        return ERR_OK;
    }
    ledger->own_flying_sent = (uint32_t)life_draw(life, 9);
    for (size_t i = 0; i < count; i++) {
        ledger->own_flying[i] = fresh_text(life, 0);
        const struct pool_post *post = pool_at(ledger->own_flying[i]);
        posts[i] = (struct journal_adopted){
            .id = post->post.id, .wire = post->wire, .sent_count = ledger->own_flying_sent};
    }
    ledger->own_flying_count = count;
    enum err_code rc = journal_adopt(life->house.journal, posts, count, &life->note);
    return rc == ERR_OK ? store_flying(life) : rc;
}

static enum err_code tell_sent(struct life *life)
{
    struct ledger *ledger = &life->ledger;
    if (ledger->own_count == 0) {
        return ERR_OK;
    }
    size_t index = (size_t)life_draw(life, ledger->own_count);
    if (ledger->sent[index] >= 8) {
        return ERR_OK; /* more is not written down */
    }
    ledger->sent_flying = index;
    ledger->sent_value = ledger->sent[index] + 1;
    enum err_code rc = journal_sent(life->house.journal, &pool_at(ledger->own[index])->post.id,
                                    ledger->sent_value, &life->note);
    if (rc == ERR_OK) {
        ledger->sent[index] = ledger->sent_value;
        ledger->sent_flying = LEDGER_OWN_MAX;
    }
    return rc;
}

static enum err_code use_invite(struct life *life)
{
    struct ledger *ledger = &life->ledger;
    uint32_t number = (uint32_t)life_draw(life, LEDGER_INVITES);
    struct key seed;
    struct key subject;
    ledger_invite(&seed, &subject, number);
    ledger->used_flying = number;
    enum err_code rc = journal_invite_used(life->house.journal, &seed, &subject, &life->note);
    if (rc == ERR_OK) {
        ledger->used[number] = true;
        ledger->used_flying = LEDGER_INVITES;
    }
    return rc;
}

static enum err_code write_list(struct life *life)
{
    char path[32];
    uint8_t octets[3000];
    ledger_name(path, "list.", life->lists_count);
    memset(octets, (int)(life->lists_count % 251), sizeof octets);
    enum err_code rc =
        sealed_put(life->house.files, path, octets_of(octets, sizeof octets), &life->note);
    life->lists_count++;
    return rc;
}

static enum err_code recover_vault(struct life *life)
{
    struct vault_recovery recovery;
    enum err_code rc = vault_recover(&recovery, life->house.files, life->house.key, &life->note);
    return rc == ERR_OK ? house_open(&life->house, life->house.files, &life->ledger.words,
                                     life->now_s, &life->note)
                        : rc;
}

enum err_code life_open(struct life *life)
{
    enum err_code rc =
        house_open(&life->house, life->house.files, &life->ledger.words, life->now_s, &life->note);
    bool lost = rc == ERR_DAMAGED || rc == ERR_ROLLBACK;
    return lost && life->act == LIFE_RECOVER ? recover_vault(life) : rc;
}

static enum err_code reopen(struct life *life)
{
    house_close(&life->house);
    return life_open(life);
}

static enum err_code lose_and_recover(struct life *life)
{
    struct files *files = life->house.files;
    vault_keep_copy(life->house.vault);
    house_close(&life->house);
    size_t len = file_memory_len(files, "vault");
    file_memory_flip(files, "vault", (size_t)life_draw(life, len), 1);
    enum err_code rc = recover_vault(life);
    if (rc == ERR_OK) {
        life->ledger.generation = vault_contents(life->house.vault)->generation;
    }
    return rc;
}

static enum err_code change_words(struct life *life)
{
    struct house_words *words = &life->ledger.words;
    words->next = life_draw(life, 4) == 0 ? 0 : (unsigned)life_draw(life, 1000);
    enum err_code rc = house_change_words(&life->house, words->next, &life->note);
    if (rc == ERR_OK) {
        words->now = words->next;
        life->house.words = words->now;
    }
    return rc;
}

/* Some slices, or all there is to do; after idle time that may be a lot. */
static enum err_code tend(struct life *life)
{
    uint64_t slices = life_draw(life, 3) == 0 ? 1 + life_draw(life, 3) : UINT64_MAX;
    life->now_s += life_draw(life, 2) == 0 ? 2 * STORE_IDLE_S : 0;
    enum err_code rc = ERR_OK;
    bool more = true;
    for (uint64_t i = 0; i < slices && more && rc == ERR_OK; i++) {
        rc = store_tend(life->house.store, &more, life->now_s, &life->note);
    }
    return rc;
}

static enum err_code trim(struct life *life)
{
    uint64_t slices = life_draw(life, 4) == 0 ? 1 + life_draw(life, 4) : UINT64_MAX;
    enum err_code rc = ERR_OK;
    bool more = true;
    for (uint64_t i = 0; i < slices && more && rc == ERR_OK; i++) {
        rc = trimming_slice(&life->house.trimming, &more, life->now_s, &life->note);
    }
    return rc;
}

static enum err_code pass_midnight(struct life *life)
{
    life->now_s += DAY_S;
    enum err_code rc = ERR_OK;
    for (bool more = true; more && rc == ERR_OK;) {
        rc = store_tend(life->house.store, &more, life->now_s, &life->note);
    }
    return rc;
}

static enum err_code act_out(struct life *life, enum life_act act)
{
    switch (act) {
    case LIFE_PUT:
        return put_some(life);
    case LIFE_OWN:
        return write_own(life);
    case LIFE_ADOPT:
        return adopt(life);
    case LIFE_SENT:
        return tell_sent(life);
    case LIFE_BLOCK:
    case LIFE_UNBLOCK:
    case LIFE_PETNAME:
    case LIFE_FOLLOW:
    case LIFE_SHIELD:
    case LIFE_PEER:
    case LIFE_IMPORT:
        return life_change_vault(life, act);
    case LIFE_COPY:
        vault_keep_copy(life->house.vault);
        return ERR_OK;
    case LIFE_INVITE:
        return use_invite(life);
    case LIFE_LIST:
        return write_list(life);
    case LIFE_WORDS:
        return change_words(life);
    case LIFE_TRIM:
        return trim(life);
    case LIFE_TEND:
        return tend(life);
    case LIFE_MIDNIGHT:
        return pass_midnight(life);
    case LIFE_REOPEN:
        return reopen(life);
    case LIFE_RECOVER:
        return lose_and_recover(life);
    case LIFE_ACTS_COUNT:
        break;
    }
    abort();
}

enum err_code life_do(struct life *life, enum life_act act)
{
    life->act = act;
    life->note = (struct err_note){{0}};
    uint64_t day = life->now_s / DAY_S;
    life->now_s += life_draw(life, 300);
    enum err_code rc = ERR_OK;
    bool more = life->now_s / DAY_S != day;
    while (more && rc == ERR_OK) { /* as a node does */
        rc = store_tend(life->house.store, &more, life->now_s, &life->note);
    }
    rc = rc == ERR_OK ? act_out(life, act) : rc;
    if (rc == ERR_OK) {
        life->acts[act]++;
        life->steps_count++;
    }
    return rc;
}

enum err_code life_step(struct life *life)
{
    unsigned drawn = (unsigned)life_draw(life, 100);
    unsigned act = 0;
    while (act + 1 < LIFE_ACTS_COUNT && drawn >= acts[act].often) {
        drawn -= acts[act].often;
        act++;
    }
    return life_do(life, (enum life_act)act);
}
