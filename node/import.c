#include "node/import.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "node/crew.h"
#include "node/mailbox.h"
#include "node/memory.h"
#include "node/verify.h"
#include "proto/post.h"
#include "store/store.h"
#include "store/vault.h"

#define BUFFER_LEN  (256 * POST_WIRE_MAX)
#define PROGRESS_MS 500

/* A batch of posts, read while the one before is being stored. */
struct import {
    struct import_counts *counts;
    struct store *store;
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew workers;
    FILE *file;
    uint64_t offset; /* of buffer[0] in the file */
    uint8_t *buffer;
    size_t buffer_len;
    bool at_end;
    bool show_progress;
    uint64_t shown_ms;
    const bool *ok;
    bool verified[STORE_BATCH_MAX];
    struct post posts[STORE_BATCH_MAX];
    struct octets wires[STORE_BATCH_MAX];
    enum store_put_result results[STORE_BATCH_MAX];
};

static enum err_code refill(struct import *import, size_t used, struct err_note *note)
{
    memmove(import->buffer, import->buffer + used, import->buffer_len - used);
    import->buffer_len -= used;
    import->offset += used;
    size_t got = fread(import->buffer + import->buffer_len, 1, BUFFER_LEN - import->buffer_len,
                       import->file);
    import->buffer_len += got;
    if (ferror(import->file)) {
        return err_note(note, err_from_errno(note, errno), "reading the file");
    }
    import->at_end = feof(import->file) != 0;
    return ERR_OK;
}

/* As many whole posts as the buffer and a batch hold.  *used is how long they are. */
static enum err_code split(struct import *import, size_t *count, size_t *used,
                           struct err_note *note)
{
    *count = 0;
    *used = 0;
    while (*count < STORE_BATCH_MAX && *used < import->buffer_len) {
        struct octets left = octets_of(import->buffer + *used, import->buffer_len - *used);
        size_t len = 0;
        enum err_code rc = post_decode_prefix(&import->posts[*count], &len, left);
        if (rc == ERR_TRUNCATED && !import->at_end && left.len < POST_WIRE_MAX) {
            return ERR_OK;
        }
        if (rc != ERR_OK) {
            return err_note(note, ERR_DAMAGED, "the file is damaged at octet %" PRIu64 ": %s",
                            import->offset + *used, err_text(rc));
        }
        import->wires[*count] = octets_of(left.at, len);
        *used += len;
        (*count)++;
    }
    return ERR_OK;
}

static void on_verified(void *context, uint64_t token, const bool *ok)
{
    (void)token;
    struct import *import = context;
    memcpy(import->verified, ok, sizeof import->verified);
    import->ok = import->verified;
}

static void verify(struct import *import, size_t count)
{
    struct verify_request request = {
        .wires = import->wires, .count = count, .done = on_verified, .context = import};
    import->ok = NULL;
    verify_start(&import->workers, &request);
    while (import->ok == NULL) {
        (void)uv_run(&import->loop, UV_RUN_ONCE);
    }
}

/* Keep what holds, in order.  Returns how many. */
static size_t sift(struct import *import, size_t count, uint64_t now_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!import->ok[i] || post_check_clock(&import->posts[i], now_s) == ERR_FUTURE) {
            import->counts->invalid_count++;
            continue;
        }
        import->posts[kept] = import->posts[i];
        import->wires[kept] = import->wires[i];
        kept++;
    }
    return kept;
}

static enum err_code put(struct import *import, size_t count, struct err_note *note)
{
    uint64_t now_s = (uint64_t)time(NULL);
    size_t kept = sift(import, count, now_s);
    if (kept == 0) {
        return ERR_OK;
    }
    enum err_code rc =
        store_put(import->store, import->results, import->posts, import->wires, kept, now_s, note);
    for (size_t i = 0; rc == ERR_OK && i < kept; i++) {
        switch (import->results[i]) {
        case STORE_NEW:
            import->counts->new_count++;
            break;
        case STORE_THERE:
            import->counts->there_count++;
            break;
        case STORE_REFUSED:
            import->counts->refused_count++;
            break;
        }
    }
    return rc;
}

static void show_progress(struct import *import)
{
    uint64_t now_ms = uv_hrtime() / 1000000;
    if (import->show_progress && now_ms - import->shown_ms >= PROGRESS_MS) {
        import->shown_ms = now_ms;
        (void)fprintf(stderr, "\r%" PRIu64 " new, %" PRIu64 " there already", //
                      import->counts->new_count, import->counts->there_count);
    }
}

static enum err_code run(struct import *import, struct err_note *note)
{
    size_t used = 0;
    do {
        size_t count = 0;
        enum err_code rc = refill(import, used, note);
        enum err_code cut = rc == ERR_OK ? split(import, &count, &used, note) : rc;
        if (rc == ERR_OK && count > 0) {
            verify(import, count);
            rc = put(import, count, cut == ERR_OK ? note : NULL);
        }
        if (rc != ERR_OK || cut != ERR_OK) {
            return rc != ERR_OK ? rc : cut;
        }
        show_progress(import);
    } while (!import->at_end || used < import->buffer_len);
    return ERR_OK;
}

static enum err_code run_on_workers(struct import *import, struct err_note *note)
{
    if (uv_loop_init(&import->loop) != 0) {
        return err_note(note, ERR_NO_MEMORY, "the system gives no more descriptors");
    }
    enum err_code rc = mailbox_init(&import->mailbox, &import->loop);
    if (rc == ERR_OK) {
        unsigned cores = uv_available_parallelism();
        rc = crew_start(&import->workers, cores < CREW_THREADS_MAX ? cores : CREW_THREADS_MAX,
                        &import->mailbox);
        if (rc == ERR_OK) {
            rc = run(import, note);
            crew_finish(&import->workers);
        }
        mailbox_close(&import->mailbox);
        (void)uv_run(&import->loop, UV_RUN_DEFAULT);
    }
    int failed = uv_loop_close(&import->loop);
    assert(failed == 0);
    (void)failed;
    if (import->show_progress) {
        (void)fprintf(stderr, "\r\033[K");
    }
    return rc;
}

/* With words where somebody is going to read. */
static enum err_code open_store(struct store **store, struct home *home, struct err_note *note)
{
    enum vault_kind kind = VAULT_PERSONAL;
    enum err_code rc = vault_kind_of(&kind, home->files, home->key, note);
    return rc == ERR_OK ? home_open_store(store, home,
                                          kind == VAULT_PERSONAL ? STORE_READ : STORE_UNREAD, note)
                        : rc;
}

enum err_code import_run(struct import_counts *counts, struct home *home, const char *path,
                         const char *passphrase_file, struct err_note *note)
{
    *counts = (struct import_counts){0};
    enum err_code rc = home_check_vault(home, note);
    if (rc == ERR_OK) {
        rc = home_unlock_asking(home, passphrase_file, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return err_note(note, err_from_errno(note, errno), "opening %s", path);
    }
    struct import *import = memory_get(sizeof *import);
    import->counts = counts;
    import->file = file;
    import->buffer = memory_get(BUFFER_LEN);
    import->show_progress = isatty(STDERR_FILENO) == 1;
    rc = open_store(&import->store, home, note);
    if (rc == ERR_OK) {
        rc = run_on_workers(import, note);
        store_close(import->store);
    }
    (void)fclose(file);
    free(import->buffer);
    free(import);
    return rc;
}
