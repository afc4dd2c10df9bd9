#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/vault_recover.h"
#include "store/view_check.h"
#include "tests/interference/world_state.h"

static const uint8_t archive_key_of[ARCHIVE_KEY_LEN] = "the archive's";
const uint8_t world_home_key[HOME_KEY_LEN] = "the key of the home of a history";

void world_must(enum err_code rc, const char *what)
{
    if (rc != ERR_OK) {
        (void)fprintf(stderr, "interference: %s: %s\n", what, err_name(rc));
        abort();
    }
}

enum err_code world_put(struct world *w, struct octets wire)
{
    struct post post;
    struct err_note note = {{0}};
    enum store_put_result result;
    enum err_code rc = post_decode(&post, wire);
    return rc == ERR_OK ? store_put(w->home.store, &result, &post, &wire, 1, w->now_s, &note) : rc;
}

static void open_home(struct world *w)
{
    uint8_t key[32];
    struct err_note note = {{0}};
    home_key_derive(key, world_home_key, HOME_KEY_JOURNAL);
    world_must(journal_open(&w->home.journal, w->home.files, key, &note), "the journal");
    world_must(vault_open(&w->home.vault, w->home.files, world_home_key, w->home.journal, &note),
               "the vault");
    struct key own = vault_identity(w->home.vault);
    if (w->node == NULL) {
        home_key_derive(key, world_home_key, HOME_KEY_STORE);
        world_must(store_open(&w->home.store, w->home.files, key, STORE_READ, &note), "the store");
        store_retain(w->home.store, &(struct store_retention_rules){.held = true});
    } else {
        w->home.store = w->node->store;
    }
    world_must(archive_open(&w->home.archive, w->home.files, archive_key_of, &own, &note),
               "the archive");
    if (w->node == NULL) {
        struct store_left kept = archive_state(w->home.archive);
        store_release(w->home.store, &kept);
        for (bool more = true; more;) { /* as a node does */
            world_must(store_tend(w->home.store, &more, w->now_s, &note), "tending the store");
        }
    }
    world_must(view_new(&w->home.view, w->home.store, &own, &note), "the view");
    struct shelf shelf = archive_shelf(w->home.archive);
    view_shelf_set(w->home.view, &shelf);
    world_must(view_load(w->home.view, vault_contents(w->home.vault), &note), "loading the view");
    world_must(view_catch_up(w->home.view, NULL, &note), "catching up");
    world_must(commands_new(&w->commands,
                            &(struct commands_parts){.host = &w->host,
                                                     .store = w->home.store,
                                                     .vault = w->home.vault,
                                                     .journal = w->home.journal,
                                                     .view = w->home.view},
                            NULL),
               "the commands");
}

static void close_home(struct world *w)
{
    commands_free(w->commands);
    if (w->node != NULL) {
        w->home.store = NULL; /* somebody else's */
    }
    bare_home_close(&w->home);
}

struct world *world_new(void)
{
    return world_new_at(NULL);
}

struct world *world_new_at(const struct world_node *node)
{
    static const uint8_t seed[32] = "the same person in every history";
    struct world *w = calloc(1, sizeof *w);
    world_must(w == NULL ? ERR_NO_MEMORY : ERR_OK, "memory");
    w->node = node;
    w->client.number = 1;
    w->now_s = HISTORY_START_S;
    world_asking_begin(w);
    struct err_note note = {{0}};
    w->home.files = file_memory_new(1);
    world_must(w->home.files == NULL ? ERR_NO_MEMORY : ERR_OK, "files");
    world_must(vault_create(w->home.files, world_home_key, VAULT_PERSONAL, seed, &note),
               "a new vault");
    open_home(w);
    return w;
}

void world_free(struct world *world)
{
    if (world == NULL) {
        return;
    }
    if (world->outside[0] != '\0') {
        (void)rmdir(world->outside);
    }
    close_home(world);
    bare_home_free(&world->home);
    world_asking_end(world);
    free(world);
}

void world_age(struct world *world)
{
    struct err_note note = {{0}};
    struct store *archive = archive_store(world->home.archive);
    store_retain(world->home.store,
                 &(struct store_retention_rules){.keep_s = HISTORY_KEEP_S, .held = true});
    store_retain(archive,
                 &(struct store_retention_rules){.keep_s = HISTORY_ARCHIVE_S, .capped = true});
    world_must(bare_home_age(&world->home, world->now_s, &note), "growing older");
    store_retain(world->home.store, &(struct store_retention_rules){.held = true});
}

void world_grows_older(struct world *world, bool archives)
{
    struct err_note note = {{0}};
    uint64_t now_s = world->node->now_s(world->node->context);
    world_must(archives ? bare_home_age(&world->home, now_s, &note)
                        : store_age(world->home.store, now_s, &note),
               "growing older at a node");
}

void world_restart(struct world *world)
{
    close_home(world);
    open_home(world);
}

void world_crash_at(struct world *world, uint64_t nth)
{
    file_memory_crash_at(world->home.files, nth);
}

bool world_recover(struct world *world, enum file_memory_outcome outcome)
{
    bool crashed = file_memory_crashed(world->home.files);
    file_memory_crash(world->home.files);
    close_home(world);
    file_memory_restart(world->home.files, outcome);
    open_home(world);
    return crashed;
}

void world_lose_vault(struct world *world)
{
    struct err_note note = {{0}};
    struct vault_recovery recovery;
    vault_keep_copy(world->home.vault);
    close_home(world);
    world_must(world->home.files->remove(world->home.files, "vault", &note), "losing the vault");
    world_must(vault_recover(&recovery, world->home.files, world_home_key, &note), "recovering it");
    world_must(recovery.needed ? ERR_OK : ERR_REFUSED, "a vault that was lost");
    open_home(world);
}

const char *world_outside(struct world *world)
{
    if (world->outside[0] == '\0') {
        world_must(outside_make(world->outside) ? ERR_OK : ERR_IO, "a folder");
    }
    return world->outside;
}

void world_check(struct world *world)
{
    struct err_note note = {.text = ""};
    world_must(view_check(world->home.view, world->now_s, &note), "judging step by step as anew");
}

void world_say(struct world *world, const struct post_id *id, struct octets wire)
{
    struct err_note note = {{0}};
    world_must(journal_own_post(world->home.journal, id, wire, &note), "the journal");
    world_must(world_put(world, wire), "her post");
    commands_on_arrival(world->commands);
}

void world_stores(struct world *world, struct octets wire)
{
    world_must(world_put(world, wire), "a post");
}

void world_arrive(struct world *world, struct octets wire)
{
    world_stores(world, wire);
    commands_on_arrival(world->commands);
}

struct files *world_files(const struct world *world)
{
    return world->home.files;
}

struct store *world_store(const struct world *world)
{
    return world->home.store;
}

struct view *world_view(const struct world *world)
{
    return world->home.view;
}

struct journal *world_journal(const struct world *world)
{
    return world->home.journal;
}

const struct vault_contents *world_vault(const struct world *world)
{
    return vault_contents(world->home.vault);
}

struct person world_owner(const struct world *world)
{
    struct person person = {.name = "bea", .key = vault_identity(world->home.vault)};
    memcpy(person.seed, vault_identity_seed(world->home.vault), sizeof person.seed);
    return person;
}

void world_on_published(struct world *world, uint64_t token, enum err_code rc, uint32_t sent_to)
{
    commands_on_published(world->commands, token, rc, sent_to);
}

void world_on_accepted(struct world *world)
{
    commands_on_arrival(world->commands);
}

void world_set_clock(struct world *world, uint64_t now_s)
{
    world->now_s = now_s;
}
