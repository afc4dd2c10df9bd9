#include "tests/crash/fault.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/file_memory.h"

static bool is_double;
static char what_failed[256];
static uint64_t count;

bool fault_is_double(void)
{
    return is_double;
}

uint64_t fault_count(void)
{
    return count;
}

bool fault_double(const char *told)
{
    (void)fflush(stdout);
    count++;
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        exit(1);
    }
    if (child == 0) {
        is_double = true;
        (void)snprintf(what_failed, sizeof what_failed, "%s", told);
        return true;
    }
    int status = 0;
    while (waitpid(child, &status, 0) != child) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "fault %" PRIu64 " (%s): status %d\n", count, told, status);
        exit(1);
    }
    return false;
}

static _Noreturn void failed(const struct life *life, const char *what)
{
    (void)fprintf(stderr, "crash: %s\n  %s\n  step %" PRIu64 ", %s: %s\n  %s\n", what, what_failed,
                  life->steps_count, life_act_name(life->act), life->note.text, ledger_details());
    (void)fflush(stderr);
    _exit(1);
}

static void check(struct life *life, bool thorough)
{
    const char *why = "";
    if (!ledger_holds(&life->ledger, &life->house, life->now_s, thorough, &why)) {
        failed(life, why);
    }
    if (file_memory_broken_rules(life->house.files) > 0) {
        failed(life, "a file was used after its sync failed, or named before it was synced");
    }
}

static bool is_open(const struct life *life)
{
    return life->house.store != NULL;
}

/* What is done behind the scenes is tried again; whether that went through.  A store that refuses
 * posts may refuse this, too, until it is opened again. */
static bool tend_again(struct life *life)
{
    struct err_note note = {{0}};
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK) {
        rc = store_tend(life->house.store, &more, life->now_s, &note);
    }
    return rc == ERR_OK;
}

/* As long as the home stays open, what failed did not happen; but where memory ran out once a batch
 * was written, a part of it may be seen. */
static void check_open(struct life *life, enum err_code rc)
{
    if (life->act == LIFE_OWN || life->act == LIFE_ADOPT) {
        return; /* hers may be journaled and not stored yet */
    }
    struct ledger *before = malloc(sizeof *before);
    if (before == NULL) {
        abort();
    }
    *before = life->ledger;
    life->ledger.flying_count = 0;
    life->ledger.own_flying_count = 0;
    life->ledger.vault_flying = false;
    const char *why = "";
    bool holds = ledger_holds(&life->ledger, &life->house, life->now_s, false, &why);
    life->ledger = *before;
    if (!holds && !(rc == ERR_NO_MEMORY && life->act == LIFE_PUT)) {
        failed(life, why);
    }
    free(before);
}

/* Once is no reason to stop: the journal goes on by itself.  The store refuses with the error it
 * had, and goes on reading; a little later it takes posts again. */
static void check_refusal(struct life *life, enum err_code rc)
{
    struct err_note note = {{0}};
    struct key seed = {{9}};
    struct key subject = {{9}};
    if (journal_invite_used(life->house.journal, &seed, &subject, &note) != ERR_OK) {
        failed(life, "the journal does not go on after an error");
    }
    uint32_t index = pool_text(1, life->now_s, 0, POOL_NONE, 50);
    struct post post = pool_at(index)->post;
    enum store_put_result result;
    enum err_code again =
        store_put(life->house.store, &result, &post, &pool_at(index)->wire, 1, life->now_s, &note);
    bool stores = life->act == LIFE_PUT || life->act == LIFE_OWN || life->act == LIFE_ADOPT;
    if (again != ERR_OK && !(stores && again == rc)) {
        failed(life, "the store refuses with another error than it gave");
    }
    if (again != ERR_OK) {
        life->now_s += STORE_RETRY_S;
        again = store_put(life->house.store, &result, &post, &pool_at(index)->wire, 1, life->now_s,
                          &note);
    }
    if (again != ERR_OK) {
        failed(life, "the store does not go on after an error");
    }
    /* Stored behind what may be in flight. */
    life->ledger.flying[life->ledger.flying_count++] = index;
    if (stores && life->act != LIFE_PUT) {
        return; /* hers may be journaled and not stored yet */
    }
    check(life, false);
}

static void works_on(struct life *life)
{
    static const enum life_act acts[] = {LIFE_PUT, LIFE_BLOCK, LIFE_OWN, LIFE_REOPEN};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        life->note = (struct err_note){{0}};
        if (life_do(life, acts[i]) != ERR_OK) {
            failed(life, "the home does not work on");
        }
    }
    check(life, true);
}

/* Then the machine stops, too: what a sync had failed to keep may be gone, what was acknowledged
 * may not. */
static void crash_then(const struct life *life)
{
    static const enum file_memory_outcome outcomes[] = {FILE_MEMORY_DROP, FILE_MEMORY_PAGES};
    for (size_t i = 0; i < 2; i++) {
        struct files *left =
            file_memory_after_crash(life->house.files, outcomes[i], life->steps_count);
        struct life *after = life_copy(life, left);
        after->note = (struct err_note){{0}};
        if (life_open(after) != ERR_OK) {
            failed(after, "the home does not open after the machine stopped as well");
        }
        check(after, true);
        life_free(after);
        file_memory_free(left);
    }
}

_Noreturn void fault_finish(struct life *life, enum err_code rc)
{
    if (rc != ERR_OK && life->note.text[0] == '\0') {
        failed(life, "an error without words");
    }
    /* The copy that it was to come back from may not have been written. */
    life->ledger.blocks_alone = life->act == LIFE_RECOVER;
    if (is_open(life) && (rc == ERR_OK || tend_again(life))) {
        check_open(life, rc);
    }
    crash_then(life);
    if (is_open(life) && rc != ERR_OK) {
        check_refusal(life, rc);
    }
    house_close(&life->house);
    life->note = (struct err_note){{0}};
    if (life_open(life) != ERR_OK) {
        failed(life, "the home does not open again");
    }
    check(life, true);
    ledger_settle(&life->ledger, &life->house);
    works_on(life);
    crash_then(life);
    _exit(0);
}
