/* What she changes in her vault: each change is staged, told to the ledger, and committed. */
#include "tests/crash/life_inner.h"

/* What is staged becomes what is acknowledged. */
static enum err_code commit(struct life *life)
{
    struct ledger *ledger = &life->ledger;
    ledger->vault_flying = true;
    vault_clock(life->house.vault, life->now_s);
    enum err_code rc = vault_commit(life->house.vault, &life->note);
    if (rc == ERR_OK) {
        ledger->vault = ledger->vault_next;
        ledger->vault_flying = false;
        ledger->generation = vault_contents(life->house.vault)->generation;
    }
    return rc;
}

static void model_block(struct life *life, uint32_t who, unsigned label, bool keep_label)
{
    struct ledger_vault *next = &life->ledger.vault_next;
    if (!next->blocks[who].in_force) {
        next->blocks[who].stretches++;
        next->blocks[who].in_force = true;
        next->blocks[who].at_s = life->now_s;
        next->blocks[who].position = store_end(life->house.store);
        next->blocks[who].label = (uint8_t)label;
    } else if (!keep_label) {
        next->blocks[who].label = (uint8_t)label;
    }
}

static enum err_code block(struct life *life, bool *changed)
{
    uint32_t who = (uint32_t)life_draw(life, POOL_PEOPLE);
    unsigned label = (unsigned)life_draw(life, 100);
    char text[32];
    ledger_name(text, "label", label);
    model_block(life, who, label, false);
    return vault_block(life->house.vault, changed, pool_person(who), label == 0 ? "" : text,
                       life->now_s, store_end(life->house.store));
}

static enum err_code unblock(struct life *life, bool *changed)
{
    struct ledger_vault *next = &life->ledger.vault_next;
    uint32_t who = (uint32_t)life_draw(life, POOL_PEOPLE);
    for (uint32_t i = 0; i < POOL_PEOPLE && !next->blocks[who].in_force; i++) {
        who = (who + 1) % POOL_PEOPLE;
    }
    if (next->blocks[who].in_force) {
        next->blocks[who].in_force = false;
        next->blocks[who].at_s = life->now_s;
        next->blocks[who].position = store_end(life->house.store);
    }
    return vault_unblock(life->house.vault, changed, pool_person(who), life->now_s,
                         store_end(life->house.store));
}

static enum err_code name_somebody(struct life *life, bool *changed)
{
    uint32_t who = (uint32_t)life_draw(life, POOL_PEOPLE);
    bool away = life_draw(life, 4) == 0;
    char text[32];
    ledger_name(text, "friend", who + 1);
    life->ledger.vault_next.petname[who] = (uint8_t)(away ? 0 : who + 1);
    return vault_petname_set(life->house.vault, changed, pool_person(who), away ? "" : text);
}

static enum err_code follow(struct life *life, bool *changed)
{
    struct ledger_vault *next = &life->ledger.vault_next;
    struct vault *vault = life->house.vault;
    if (life_draw(life, 2) == 0) {
        uint32_t who = (uint32_t)life_draw(life, POOL_PEOPLE);
        next->followed[who] = !next->followed[who];
        return next->followed[who] ? vault_follow(vault, changed, pool_person(who))
                                   : vault_unfollow(vault, changed, pool_person(who));
    }
    unsigned number = (unsigned)life_draw(life, LEDGER_TAGS);
    char text[32];
    ledger_name(text, "tag", number);
    next->tags[number] = !next->tags[number];
    return next->tags[number] ? vault_follow_tag(vault, changed, octets_of_text(text))
                              : vault_unfollow_tag(vault, changed, octets_of_text(text));
}

static enum err_code shield(struct life *life, bool *changed)
{
    struct ledger_vault *next = &life->ledger.vault_next;
    unsigned number = (unsigned)life_draw(life, LEDGER_SHIELDS);
    char text[32];
    ledger_name(text, "word", number);
    next->shields[number] = !next->shields[number];
    return next->shields[number]
               ? vault_shield(life->house.vault, changed, VAULT_SHIELD_WORD, octets_of_text(text))
               : vault_unshield(life->house.vault, changed, VAULT_SHIELD_WORD,
                                octets_of_text(text));
}

static enum err_code change_peer(struct life *life, bool *changed)
{
    struct ledger_vault *next = &life->ledger.vault_next;
    unsigned number = (unsigned)life_draw(life, LEDGER_PEERS);
    struct vault_peer peer = {.joined = false};
    ledger_name(peer.address.host, "host", number);
    peer.address.port = (uint16_t)(LEDGER_PEERS * 100 + number);
    struct vault_claim claim = {.address = peer.address, .claim = {1, 2, 3}, .claim_len = 3};
    *changed = true;
    switch (life_draw(life, 4)) {
    case 0:
        next->claims[number] = true;
        return vault_claim_add(life->house.vault, &claim);
    case 1:
        next->claims[number] = false;
        return vault_claim_done(life->house.vault, &peer.address, false);
    case 2:
        next->steps = (uint8_t)(1 + life_draw(life, VAULT_STEPS_MAX));
        return vault_web_steps_set(life->house.vault, changed, next->steps);
    default:
        next->peers[number] = !next->peers[number];
        return next->peers[number] ? vault_peer_add(life->house.vault, changed, &peer)
                                   : vault_peer_remove(life->house.vault, changed, &peer.address);
    }
}

static enum err_code import(struct life *life, bool *changed)
{
    struct vault_block list[6];
    size_t added = 0;
    size_t count = 0;
    for (uint32_t who = (uint32_t)life_draw(life, 5); who < POOL_PEOPLE && count < 6; who += 5) {
        list[count] = (struct vault_block){.key = *pool_person(who), .in_force = true};
        ledger_name(list[count].label, "label", who + 1);
        model_block(life, who, who + 1, true);
        count++;
    }
    enum err_code rc = vault_import(life->house.vault, &added, list, count, life->now_s,
                                    store_end(life->house.store));
    *changed = added > 0;
    return rc;
}

enum err_code life_change_vault(struct life *life, enum life_act act)
{
    bool changed = false;
    life->ledger.vault_next = life->ledger.vault;
    enum err_code rc = act == LIFE_BLOCK     ? block(life, &changed)
                       : act == LIFE_UNBLOCK ? unblock(life, &changed)
                       : act == LIFE_PETNAME ? name_somebody(life, &changed)
                       : act == LIFE_FOLLOW  ? follow(life, &changed)
                       : act == LIFE_SHIELD  ? shield(life, &changed)
                       : act == LIFE_PEER    ? change_peer(life, &changed)
                                             : import(life, &changed);
    if (rc != ERR_OK) {
        vault_discard(life->house.vault);
        return err_note(&life->note, rc, "staging a change");
    }
    return commit(life);
}
