/* What a vault holds, apart from the order of its lists. */
#include "tests/crash/ledger_inner.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t who_is(const struct key *key)
{
    for (uint32_t who = 0; who < POOL_PEOPLE; who++) {
        if (key_equal(pool_person(who), key)) {
            return who;
        }
    }
    return POOL_NONE;
}

/* The number behind a text of ours; 0 for an empty one. */
static unsigned number_of(const char *text)
{
    while (*text != '\0' && (*text < '0' || *text > '9')) {
        text++;
    }
    return (unsigned)strtoul(text, NULL, 10);
}

static void read_blocks(struct ledger_vault *out, const struct vault_contents *in)
{
    for (size_t i = 0; i < in->blocks_count; i++) {
        const struct vault_block *block = &in->blocks[i];
        uint32_t who = who_is(&block->key);
        if (who == POOL_NONE) {
            out->strange = true;
            continue;
        }
        out->blocks[who].stretches++;
        out->blocks[who].in_force = block->in_force;
        out->blocks[who].label = (uint8_t)number_of(block->label);
        out->blocks[who].at_s = block->in_force ? block->since_s : block->until_s;
        out->blocks[who].position = block->in_force ? block->since_position : block->until_position;
    }
}

static void read_texts(struct ledger_vault *out, const struct vault_contents *in)
{
    char text[128];
    for (size_t i = 0; i < in->tags_count; i++) {
        (void)snprintf(text, sizeof text, "%.*s", (int)in->tags[i].tag_len,
                       (const char *)in->tags[i].tag);
        out->tags[number_of(text) % LEDGER_TAGS] = true;
    }
    for (size_t i = 0; i < in->shields_count; i++) {
        (void)snprintf(text, sizeof text, "%.*s", (int)in->shields[i].text_len,
                       (const char *)in->shields[i].text);
        out->shields[number_of(text) % LEDGER_SHIELDS] = true;
    }
    for (size_t i = 0; i < in->peers_count; i++) {
        out->peers[in->peers[i].address.port % LEDGER_PEERS] = true;
    }
    for (size_t i = 0; i < in->claims_count; i++) {
        out->claims[in->claims[i].address.port % LEDGER_PEERS] = true;
    }
}

void ledger_read_vault(struct ledger_vault *out, const struct vault_contents *in)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < in->petnames_count; i++) {
        uint32_t who = who_is(&in->petnames[i].key);
        out->strange = out->strange || who == POOL_NONE;
        if (who != POOL_NONE) {
            out->petname[who] = (uint8_t)number_of(in->petnames[i].name);
        }
    }
    for (size_t i = 0; i < in->follows_count; i++) {
        uint32_t who = who_is(&in->follows[i]);
        out->strange = out->strange || who == POOL_NONE;
        if (who != POOL_NONE) {
            out->followed[who] = true;
        }
    }
    read_blocks(out, in);
    read_texts(out, in);
    out->steps = in->web_steps;
}

static bool vaults_equal(const struct ledger_vault *a, const struct ledger_vault *b)
{
    bool same = memcmp(a->petname, b->petname, sizeof a->petname) == 0 &&
                memcmp(a->followed, b->followed, sizeof a->followed) == 0 &&
                memcmp(a->tags, b->tags, sizeof a->tags) == 0 &&
                memcmp(a->shields, b->shields, sizeof a->shields) == 0 &&
                memcmp(a->peers, b->peers, sizeof a->peers) == 0 &&
                memcmp(a->claims, b->claims, sizeof a->claims) == 0 && a->steps == b->steps &&
                a->strange == b->strange;
    for (size_t i = 0; i < POOL_PEOPLE && same; i++) {
        same = a->blocks[i].in_force == b->blocks[i].in_force &&
               a->blocks[i].label == b->blocks[i].label &&
               a->blocks[i].stretches == b->blocks[i].stretches &&
               a->blocks[i].at_s == b->blocks[i].at_s &&
               a->blocks[i].position == b->blocks[i].position;
    }
    return same;
}

static bool blocks_hold(const struct ledger_vault *found, const struct ledger_vault *wanted)
{
    for (size_t i = 0; i < POOL_PEOPLE; i++) {
        if (wanted->blocks[i].in_force && !found->blocks[i].in_force) {
            return false;
        }
    }
    return !found->strange;
}

bool ledger_vault_holds(const struct ledger *ledger, const struct house *house)
{
    struct ledger_vault found;
    const struct vault_contents *contents = vault_contents(house->vault);
    ledger_read_vault(&found, contents);
    if (ledger->blocks_alone) {
        return blocks_hold(&found, &ledger->vault);
    }
    return contents->generation >= ledger->generation &&
           (vaults_equal(&found, &ledger->vault) ||
            (ledger->vault_flying && vaults_equal(&found, &ledger->vault_next)));
}
