/* world.h - one person's node in this process: store, vault, journal, view and commands over files
 * in memory, asked through the real command line.  No sockets and no threads; the clock is set by
 * the test. */
#ifndef KITH_TESTS_INTERFERENCE_WORLD_H
#define KITH_TESTS_INTERFERENCE_WORLD_H

#include "proto/control.h"
#include "store/home_key.h"
#include "store/vault.h"
#include "tests/interference/history.h"
#include "tests/support/file_memory.h"

#define WORLD_CLIENTS_MAX 4

struct files; /* store/file.h */
struct store; /* store/store.h */
struct view;  /* store/view.h */
struct world;

/* What a command printed, whole. */
struct answer {
    int status;
    char *out; /* terminated; owned, like err */
    size_t out_len;
    char *err;
    size_t err_len;
};

/* The key of every such home; no key file stands among its files. */
extern const uint8_t world_home_key[HOME_KEY_LEN];

/* A new home, always with the same keys. */
struct world *world_new(void);

/* The node around a home whose store and network are somebody else's. */
struct world_node {
    void *context;
    struct store *store;
    uint64_t (*now_s)(void *context);
    void (*publish)(void *context, uint64_t token, struct octets wire);
    /* Let a little time pass: she waits for an answer. */
    void (*wait)(void *context);
};
/* A home at such a node (borrowed), always with the same keys.  Its node tells it what happens. */
struct world *world_new_at(const struct world_node *node);
void world_on_published(struct world *world, uint64_t token, enum err_code rc, uint32_t sent_to);
void world_on_accepted(struct world *world);

void world_free(struct world *world);
/* The person whose node this is. */
struct person world_owner(const struct world *world);
void world_set_clock(struct world *world, uint64_t now_s);

/* One step of a history.  With drop set, what history->left_out names never arrives. */
void world_step(struct world *world, const struct history *history, const struct step *step,
                bool drop);

/* Run "kith words[0] words[1] ..." */
struct answer world_ask(struct world *world, size_t words_count, const char *const *words);
/* A session on a terminal: what is printed as these lines are typed. */
struct answer world_session(struct world *world, const char *lines);
/* The octets a raw request gets, all messages one after another, in out: world_send() and then
 * world_received(). */
struct answer world_request(struct world *world, enum control_command command, size_t pairs_count,
                            const char *const *names_and_values);
/* Ask, and take nothing of the answer yet.  Several may be under way. */
void world_send(struct world *world, enum control_command command, size_t pairs_count,
                const char *const *names_and_values);
/* Take everything there is; then the client leaves. */
struct answer world_received(struct world *world);
/* Whoever asks from now on, 1 to WORLD_CLIENTS_MAX; 1 at first.  A client takes a few messages and
 * then no more until it reads on.  An answer that must come last (COMMAND_SEND_LAST) waits until
 * all others have read what was on its way to them, as control_server.h says. */
void world_client(struct world *world, uint32_t number);
/* Read one message of the answer (copied, owned by the caller); false when there is none. */
bool world_take(struct world *world, struct answer *message);
/* What is dated before HISTORY_KEEP_S ago leaves the store, as it does on a node. */
void world_age(struct world *world);
/* The same at somebody else's store, by the rules that has; without archives its floor rises and
 * nothing else is done about the age of posts. */
void world_grows_older(struct world *world, bool archives);
/* Close the home and open it again. */
void world_restart(struct world *world);
/* The vault's file is gone, and brought back from its copy and the journal. */
void world_lose_vault(struct world *world);
/* A folder outside the home for files she keeps, which are removed before world_free(); borrowed.
 */
const char *world_outside(struct world *world);
/* Stops the test unless what was judged step by step is what judging anew comes to. */
void world_check(struct world *world);
/* The machine stops at the nth changing call of a file from now on (from 1). */
void world_crash_at(struct world *world, uint64_t nth);
/* Whether it came to that; then start again with what survived. */
bool world_recover(struct world *world, enum file_memory_outcome outcome);
/* Somebody's post comes in: it is stored, and the commands are told (world_on_accepted()). */
void world_arrive(struct world *world, struct octets wire);
/* It is stored alone. */
void world_stores(struct world *world, struct octets wire);
/* What she wrote some other time: in the journal and the store. */
void world_say(struct world *world, const struct post_id *id, struct octets wire);
/* The files of the home, to look into or to damage; borrowed. */
struct files *world_files(const struct world *world);
/* The same for whatever was accepted. */
struct store *world_store(const struct world *world);
struct view *world_view(const struct world *world);
struct journal *world_journal(const struct world *world);
const struct vault_contents *world_vault(const struct world *world);
void answer_free(struct answer *answer);

#endif
