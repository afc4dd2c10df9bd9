#include "node/import.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/crew.h"
#include "node/import_batch.h"
#include "node/keeper.h"
#include "node/key_watch.h"
#include "node/mailbox.h"
#include "node/memory.h"
#include "store/vault.h"

#define BATCHES_COUNT 4 /* one is read, some are checked, one is stored */
#define PROGRESS_MS   500

enum { SIGNAL_INT, SIGNAL_TERM, SIGNALS_COUNT };

/* Batches stand in a ring, and are stored in the order in which they were read. */
struct import {
    struct import_counts *counts;
    const struct keeping *keeping;
    struct store *store;
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew workers;
    struct crew keeper;    /* the one thread that stores */
    struct keeper *tender; /* and the one that puts the store in order meanwhile */
    uv_signal_t signals[SIGNALS_COUNT];
    struct import_file file;
    struct import_batch *batches[BATCHES_COUNT];
    size_t fill_next;  /* in the ring */
    size_t store_next; /* in the ring */
    bool stopping;     /* somebody asked */
    enum err_code cut; /* how the file ended */
    struct err_note cut_note;
    enum err_code rc; /* of storing */
    struct err_note note;

    bool is_regular; /* reading never waits */
    bool show_progress;
    uint64_t file_len; /* 0 where it is not known */
    uint64_t begun_ms;
    uint64_t shown_ms;
};

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

/* Nobody is told twice what happened to a post: a batch that failed counts nothing. */
static void add_counts(struct import_counts *sum, const struct import_counts *counts)
{
    sum->new_count += counts->new_count;
    sum->there_count += counts->there_count;
    sum->retracted_count += counts->retracted_count;
    sum->expired_count += counts->expired_count;
    sum->forged_count += counts->forged_count;
    sum->future_count += counts->future_count;
}

static uint64_t all_of(const struct import_counts *counts)
{
    return counts->new_count + counts->there_count + counts->retracted_count +
           counts->expired_count + counts->forged_count + counts->future_count;
}

/* What is read and not stored yet is little, so the place in the file tells how much is left. */
static void show_progress(struct import *import)
{
    uint64_t now = now_ms();
    if (!import->show_progress || now - import->shown_ms < PROGRESS_MS) {
        return;
    }
    import->shown_ms = now;
    uint64_t took_ms = now - import->begun_ms + 1;
    uint64_t posts_count = all_of(import->counts);
    uint64_t done_len = import->file.offset;
    (void)fprintf(stderr, "\r\033[K%" PRIu64 " posts, %" PRIu64 " a second", posts_count,
                  posts_count * 1000 / took_ms);
    if (done_len > 0 && import->file_len > done_len) {
        (void)fprintf(stderr, ", %" PRIu64 " s left",
                      (import->file_len - done_len) / 1000 * took_ms / done_len + 1);
    }
}

static void store_ready(struct import *import)
{
    struct import_batch *batch = import->batches[import->store_next];
    while (!batch->is_free && batch->is_ready) {
        batch->is_ready = false;
        import_batch_put(batch, &import->keeper);
        import->store_next = (import->store_next + 1) % BATCHES_COUNT;
        batch = import->batches[import->store_next];
    }
}

static void on_checked(struct import_batch *batch)
{
    batch->is_ready = true;
    store_ready(batch->context);
}

static void on_stored(struct import_batch *batch)
{
    struct import *import = batch->context;
    keeper_wake(import->tender);
    if (batch->rc == ERR_OK) {
        add_counts(import->counts, &batch->counts);
    } else if (import->rc == ERR_OK) {
        import->rc = batch->rc;
        import->note = batch->note;
    }
    show_progress(import);
}

static bool may_fill(const struct import *import)
{
    bool more = !import->file.at_end || import->file.rest_len > 0;
    return more && !import->stopping && import->rc == ERR_OK && import->cut == ERR_OK &&
           import->batches[import->fill_next]->is_free;
}

static void fill(struct import *import)
{
    struct import_batch *batch = import->batches[import->fill_next];
    import->cut = import_batch_fill(batch, &import->file, &import->cut_note);
    if (batch->count > 0) {
        import->fill_next = (import->fill_next + 1) % BATCHES_COUNT;
        import_batch_check(batch, &import->workers);
    }
}

static bool is_busy(const struct import *import)
{
    bool busy = false;
    for (size_t i = 0; i < BATCHES_COUNT; i++) {
        busy = busy || !import->batches[i]->is_free;
    }
    return busy;
}

static void run(struct import *import)
{
    import->begun_ms = now_ms();
    while (may_fill(import) || is_busy(import)) {
        bool filled = may_fill(import);
        if (filled) {
            fill(import);
        }
        (void)uv_run(&import->loop, filled ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    }
}

static void on_signal_closed(uv_handle_t *handle)
{
    (void)handle;
}

/* A second signal ends the process at once. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct import *import = handle->data;
    (void)number;
    import->stopping = true;
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        if (!uv_is_closing((uv_handle_t *)&import->signals[i])) {
            uv_close((uv_handle_t *)&import->signals[i], on_signal_closed);
        }
    }
}

/* Whoever waits for a pipe is ended by the system, as ever: the store minds no sudden end. */
static void start_signals(struct import *import)
{
    static const int numbers[SIGNALS_COUNT] = {[SIGNAL_INT] = SIGINT, [SIGNAL_TERM] = SIGTERM};
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        (void)uv_signal_init(&import->loop, &import->signals[i]);
        import->signals[i].data = import;
        if (import->is_regular) {
            (void)uv_signal_start(&import->signals[i], on_signal, numbers[i]);
        }
    }
}

static void stop_signals(struct import *import)
{
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        if (!uv_is_closing((uv_handle_t *)&import->signals[i])) {
            uv_close((uv_handle_t *)&import->signals[i], on_signal_closed);
        }
    }
}

static enum err_code run_with_crews(struct import *import)
{
    unsigned cores = uv_available_parallelism();
    enum err_code rc = crew_start(
        &import->workers, cores < CREW_THREADS_MAX ? cores : CREW_THREADS_MAX, &import->mailbox);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = crew_start(&import->keeper, 1, &import->mailbox);
    if (rc == ERR_OK) {
        start_signals(import);
        run(import);
        stop_signals(import);
        crew_finish(&import->keeper);
    }
    crew_finish(&import->workers);
    return rc;
}

static enum err_code run_on_loop(struct import *import, struct err_note *note)
{
    if (uv_loop_init(&import->loop) != 0) {
        return err_note(note, ERR_NO_MEMORY, "the system gives no more descriptors");
    }
    enum err_code rc = mailbox_init(&import->mailbox, &import->loop);
    if (rc == ERR_OK) {
        rc = run_with_crews(import);
        mailbox_close(&import->mailbox);
        (void)uv_run(&import->loop, UV_RUN_DEFAULT);
    }
    int failed = uv_loop_close(&import->loop);
    assert(failed == 0);
    (void)failed;
    if (import->show_progress) {
        (void)fprintf(stderr, "\r\033[K");
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "the system gives no more threads");
}

/* Where several things ended it, the gravest is told. */
static enum err_code outcome(const struct import *import, struct err_note *note)
{
    if (import->rc != ERR_OK) {
        *note = import->note;
        return import->rc;
    }
    if (import->cut != ERR_OK) {
        *note = import->cut_note;
        return import->cut;
    }
    return import->stopping
               ? err_note(note, ERR_CANCELLED,
                          "stopped before the end. What was stored stays; the same command goes "
                          "on from there")
               : ERR_OK;
}

/* With words where somebody is going to read; a relay's quotas hold for what is imported too.  The
 * vault is open until what is there was held against its list of blocks. */
static enum err_code open_store(struct store **store, struct home *home,
                                const struct keeping *keeping, struct err_note *note)
{
    struct journal *journal = NULL;
    struct vault *vault = NULL;
    enum err_code rc = home_open_vault(&vault, &journal, home, note);
    if (rc == ERR_OK) {
        bool is_read = vault_kind_of(vault) == VAULT_PERSONAL;
        rc = home_open_store(store, home, vault, is_read ? STORE_READ : STORE_UNREAD, note);
    }
    if (rc == ERR_OK && vault_kind_of(vault) == VAULT_RELAY) {
        struct key identity = vault_identity(vault);
        rc = store_limit(*store, &keeping->quotas, &identity, note);
    }
    vault_close(vault);
    journal_close(journal);
    return rc;
}

static enum err_code import_file(struct import *import, struct home *home, struct err_note *note)
{
    struct stat found;
    if (fstat(fileno(import->file.file), &found) == 0 && S_ISREG(found.st_mode)) {
        import->is_regular = true;
        import->file_len = (uint64_t)found.st_size;
    }
    enum err_code rc = open_store(&import->store, home, import->keeping, note);
    if (rc == ERR_OK) {
        rc = keeper_new(&import->tender, import->store, NULL);
    }
    if (rc != ERR_OK) {
        store_close(import->store);
        return rc;
    }
    for (size_t i = 0; i < BATCHES_COUNT; i++) {
        struct import_batch *batch = memory_get(sizeof *batch);
        import_batch_init(batch, import->store);
        batch->checked = on_checked;
        batch->stored = on_stored;
        batch->context = import;
        import->batches[i] = batch;
    }
    rc = run_on_loop(import, note);
    rc = rc == ERR_OK ? outcome(import, note) : rc;
    for (size_t i = 0; i < BATCHES_COUNT; i++) {
        import_batch_close(import->batches[i]);
        free(import->batches[i]);
    }
    keeper_free(import->tender);
    store_close(import->store);
    return rc;
}

static bool is_same_file(int a, int b)
{
    struct stat one;
    struct stat other;
    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

/* A pipe or device by name could keep the home held for ever; one that was handed in is its giver's
 * to end. */
static enum err_code open_file(FILE **file, const char *path, struct err_note *note)
{
    bool is_input = strcmp(path, "-") == 0;
    struct stat found;
    int fd = is_input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        enum err_code rc = err_from_errno(note, errno);
        return err_note(note, rc, "opening %s", path);
    }
    bool is_regular = fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
    if (!is_regular && !is_input && is_same_file(fd, STDIN_FILENO)) {
        (void)close(fd);
        return open_file(file, "-", note);
    }
    if (!is_regular && !is_input) {
        (void)close(fd);
        return err_note(note, ERR_REFUSED,
                        "%s is no plain file, and nothing was read; `--import -` reads what comes "
                        "in through a pipe",
                        path);
    }
    *file = fdopen(fd, "rb");
    return *file != NULL ? ERR_OK : err_note(note, ERR_NO_MEMORY, "out of memory");
}

static enum err_code unlock_and_import(struct import_counts *counts, struct home *home,
                                       const struct options *options, struct err_note *note)
{
    FILE *file = NULL;
    enum err_code rc = home_unlock_asking(home, options->passphrase_file, note);
    rc = rc == ERR_NOT_FOUND ? ERR_IO : rc; /* not the file that was named */
    if (rc == ERR_OK) {
        rc = open_file(&file, options->import_path, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct import *import = memory_get(sizeof *import);
    import->counts = counts;
    import->keeping = &options->keeping;
    import_file_init(&import->file, file);
    import->show_progress = isatty(STDERR_FILENO) == 1;
    rc = import_file(import, home, note);
    import_file_close(&import->file);
    free(import);
    return rc;
}

enum err_code import_run(struct import_counts *counts, struct home *home,
                         const struct options *options, struct err_note *note)
{
    struct key_watch watch;
    *counts = (struct import_counts){0};
    enum err_code rc = home_check_vault(home, note);
    rc = rc == ERR_OK ? key_watch_start(&watch, home, "key", note) : rc;
    if (rc == ERR_OK) {
        rc = unlock_and_import(counts, home, options, note);
        key_watch_stop(&watch);
    }
    return rc;
}
