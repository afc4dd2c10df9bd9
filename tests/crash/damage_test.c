/* damage_test.c - a disk lies: each octet of the small files of a busy home is flipped and a dense
 * sample of the large ones; files are cut off, pages zeroed, files taken away, exchanged, doubled
 * and set back.  The home then shows only what is right and says how much is missing, or refuses in
 * words (SPEC 10.7).
 *
 *     crash.damage [STRIDE] [ACTS] [SEED]      STRIDE 1: every octet of every file */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/vault_recover.h"
#include "tests/crash/ledger_inner.h"
#include "tests/crash/life.h"
#include "tests/support/file_memory.h"

#define ACTS       150
#define STRIDE     37
#define SMALL_LEN  1536
#define PAGE_LEN   4096
#define FILES_MAX  128
#define MEND_EVERY 97

static struct life *life;   /* closed */
static struct files *whole; /* the busy home */
static char paths[FILES_MAX][64];
static size_t paths_count;

static struct {
    uint64_t tried;
    uint64_t refused;
    uint64_t repaired; /* opened, nothing missing */
    uint64_t counted;  /* opened, what is missing was counted */
    uint64_t recovered;
    uint64_t mended;
    uint64_t by_code[64];
} seen;

static char told[160];

static void failed(const char *what, const char *note)
{
    (void)fprintf(stderr, "crash.damage: %s\n  %s\n  %s %s\n", what, told, note, ledger_details());
    exit(1);
}

static struct files *copy_of_home(void)
{
    return file_memory_after_crash(whole, FILE_MEMORY_KEEP, seen.tried + 1);
}

static bool taken_back(uint32_t index)
{
    const struct ledger *ledger = &life->ledger;
    bool taken = false;
    for (size_t i = 0; i < ledger->order_count && !taken; i++) {
        const struct pool_post *post = pool_at(ledger->order[i]);
        taken = post->subject == index && post->author == pool_at(index)->author;
    }
    return taken;
}

/* Whoever has the posts gives them again. */
static void mend(struct house *house)
{
    struct err_note note = {{0}};
    for (size_t i = 0; i < life->ledger.order_count; i++) {
        const struct pool_post *post = pool_at(life->ledger.order[i]);
        enum store_put_result result;
        if (store_put(house->store, &result, &post->post, &post->wire, 1, life->now_s, &note) !=
            ERR_OK) {
            failed("a home that was damaged takes no posts", note.text);
        }
    }
    struct files *files = house->files;
    house_close(house);
    if (house_open(house, files, &life->ledger.words, life->now_s, &note) != ERR_OK) {
        failed("a home that was mended does not open", note.text);
    }
    for (size_t i = 0; i < life->ledger.order_count; i++) {
        const struct post *post = &pool_at(life->ledger.order[i])->post;
        bool expired = post->expires_s != 0 && life->now_s >= post->expires_s;
        bool known = false;
        enum err_code rc = store_known(house->store, &known, &post->id, 1, &note);
        if (rc != ERR_OK) {
            failed("a post cannot be looked up", note.text);
        }
        if (!known && !expired && !taken_back(life->ledger.order[i])) {
            failed("a post that was given again is not there", "");
        }
    }
    seen.mended++;
}

/* A vault that does not open comes back with every block. */
static void recover(struct files *files)
{
    struct vault_recovery recovery;
    struct err_note note = {{0}};
    struct house house = {.files = files};
    if (vault_recover(&recovery, files, life->house.key, &note) != ERR_OK) {
        return;
    }
    life->ledger.blocks_alone = true;
    uint64_t missing_count = 0;
    const char *why = "";
    if (house_open(&house, files, &life->ledger.words, life->now_s, &note) == ERR_OK &&
        house_read_all(&house, life->now_s, &note) == ERR_OK) {
        if (!ledger_holds_rest(&life->ledger, &house, life->now_s, &missing_count, &why)) {
            failed(why, "after recovery");
        }
        seen.recovered++;
    }
    house_close(&house);
    life->ledger.blocks_alone = false;
}

/* Open what was damaged, and take it away. */
static void look(struct files *files)
{
    struct house house = {.files = files};
    struct err_note note = {{0}};
    enum err_code rc = house_open(&house, files, &life->ledger.words, life->now_s, &note);
    seen.tried++;
    seen.by_code[rc]++;
    if (rc != ERR_OK) {
        seen.refused++;
        if (note.text[0] == '\0') {
            failed("it refuses without words", err_name(rc));
        }
        recover(files);
        file_memory_free(files);
        return;
    }
    if (house_read_all(&house, life->now_s, &note) != ERR_OK) {
        failed("the home cannot be read", note.text);
    }
    uint64_t missing_count = 0;
    const char *why = "";
    if (!ledger_holds_rest(&life->ledger, &house, life->now_s, &missing_count, &why)) {
        failed(why, "");
    }
    uint64_t counted = store_stats(house.store).quarantined_count;
    if (missing_count > counted) {
        (void)snprintf(told + strlen(told), sizeof told - strlen(told),
                       ": %" PRIu64 " missing, %" PRIu64 " counted", missing_count, counted);
        failed("posts are missing and nothing says so", "");
    }
    if (missing_count == 0) {
        seen.repaired++;
    } else {
        seen.counted++;
    }
    if (missing_count > 0 && seen.counted % MEND_EVERY == 0) {
        mend(&house);
    }
    house_close(&house);
    file_memory_free(files);
}

static size_t len_of(size_t path)
{
    return file_memory_len(whole, paths[path]);
}

static void flip_octets(size_t path, size_t stride)
{
    size_t len = len_of(path);
    size_t step = len <= SMALL_LEN ? 1 : stride;
    for (size_t at = 0; at < len; at += step == 1 ? 1 : 1 + (at * 7 + path) % (2 * step - 1)) {
        struct files *files = copy_of_home();
        (void)snprintf(told, sizeof told, "%s: octet %zu of %zu flipped", paths[path], at, len);
        file_memory_flip(files, paths[path], at, (uint8_t)(1u << (at % 8)));
        look(files);
    }
}

static void cut_off(size_t path)
{
    size_t len = len_of(path);
    size_t step = len / 24 + 1;
    for (size_t cut = 0; cut < len; cut += step) {
        struct files *files = copy_of_home();
        (void)snprintf(told, sizeof told, "%s: cut off at %zu of %zu", paths[path], cut, len);
        file_memory_cut(files, paths[path], cut);
        look(files);
    }
    if (len > 0) {
        struct files *files = copy_of_home();
        (void)snprintf(told, sizeof told, "%s: the last octet is gone", paths[path]);
        file_memory_cut(files, paths[path], len - 1);
        look(files);
    }
}

static void zero_pages(size_t path)
{
    struct octets octets = file_memory_octets(whole, paths[path]);
    for (size_t page = 0; page < octets.len; page += PAGE_LEN) {
        struct files *files = copy_of_home();
        uint8_t *zeroed = malloc(octets.len);
        if (zeroed == NULL) {
            abort();
        }
        memcpy(zeroed, octets.at, octets.len);
        memset(zeroed + page, 0, octets.len - page < PAGE_LEN ? octets.len - page : PAGE_LEN);
        (void)snprintf(told, sizeof told, "%s: the page at %zu is zero", paths[path], page);
        file_memory_put(files, paths[path], octets_of(zeroed, octets.len));
        free(zeroed);
        look(files);
    }
}

static void take_away(size_t path)
{
    struct files *files = copy_of_home();
    (void)snprintf(told, sizeof told, "%s is gone", paths[path]);
    file_memory_take_away(files, paths[path]);
    look(files);
}

static void exchange(size_t a, size_t b)
{
    struct files *files = copy_of_home();
    (void)snprintf(told, sizeof told, "%s and %s have changed places", paths[a], paths[b]);
    file_memory_put(files, paths[a], file_memory_octets(whole, paths[b]));
    file_memory_put(files, paths[b], file_memory_octets(whole, paths[a]));
    look(files);
    files = copy_of_home();
    (void)snprintf(told, sizeof told, "%s has become %s", paths[a], paths[b]);
    file_memory_put(files, paths[a], file_memory_octets(whole, paths[b]));
    look(files);
}

/* A segment again under another name: a later number, a later generation. */
static void double_segment(size_t path)
{
    static const char *const names[] = {"00000fff.0", "00000000.1", "0000ffff.a"};
    const char *slash = strrchr(paths[path], '/');
    if (slash == NULL || strchr(slash, '.') == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct files *files = copy_of_home();
        char copy[96];
        (void)snprintf(copy, sizeof copy, "%.*s/%s", (int)(slash - paths[path]), paths[path],
                       names[i]);
        (void)snprintf(told, sizeof told, "%s is there again as %s", paths[path], names[i]);
        file_memory_put(files, copy, file_memory_octets(whole, paths[path]));
        look(files);
    }
}

/* Behind its end something stands that was never written. */
static void add_behind(size_t path)
{
    struct octets octets = file_memory_octets(whole, paths[path]);
    uint8_t *longer = malloc(octets.len + 700);
    if (longer == NULL) {
        abort();
    }
    memcpy(longer, octets.at, octets.len);
    memset(longer + octets.len, 0xa5, 700);
    struct files *files = copy_of_home();
    (void)snprintf(told, sizeof told, "%s: 700 octets too many", paths[path]);
    file_memory_put(files, paths[path], octets_of(longer, octets.len + 700));
    free(longer);
    look(files);
}

/* One file as it was some time ago. */
static void set_back(const struct files *old)
{
    for (size_t i = 0; i < paths_count; i++) {
        struct files *files = copy_of_home();
        if (!file_exists((struct files *)(uintptr_t)old, paths[i])) {
            file_memory_free(files);
            continue;
        }
        (void)snprintf(told, sizeof told, "%s is as it was some time ago", paths[i]);
        file_memory_put(files, paths[i], file_memory_octets(old, paths[i]));
        look(files);
    }
}

static bool is_of(const char *path, const char *const *group)
{
    for (; *group != NULL; group++) {
        size_t len = strlen(*group);
        if (strncmp(path, *group, len) == 0 && (path[len] == '\0' || path[len] == '/')) {
            return true;
        }
    }
    return false;
}

struct regress {
    struct files *files;
    const struct files *old;
    const char *const *group;
};

static void put_old(void *context, const char *path)
{
    const struct regress *r = context;
    if (is_of(path, r->group)) {
        file_memory_put(r->files, path, file_memory_octets(r->old, path));
    }
}

/* Files and folders that are all as they were then: what came since is not there. */
static struct files *set_back_together(const struct files *old, const char *const *group)
{
    struct files *files = copy_of_home();
    int len = snprintf(told, sizeof told, "as some time ago:");
    for (size_t i = 0; group[i] != NULL; i++) {
        len += snprintf(told + len, sizeof told - (size_t)len, " %s", group[i]);
    }
    for (size_t i = 0; i < paths_count; i++) {
        if (is_of(paths[i], group)) {
            file_memory_take_away(files, paths[i]);
        }
    }
    struct regress r = {.files = files, .old = old, .group = group};
    file_memory_each(old, put_old, &r);
    return files;
}

/* The copy of the vault knows better, and stays what it is; with it every block comes back. */
static void set_back_the_list(const struct files *old)
{
    static const char *const group[] = {"vault", "journal", NULL};
    struct files *files = set_back_together(old, group);
    struct err_note note = {{0}};
    for (int i = 0; i < 2; i++) {
        struct house house = {.files = files};
        if (house_open(&house, files, &life->ledger.words, life->now_s, &note) != ERR_ROLLBACK) {
            failed("an older list of blocks is taken for the latest", note.text);
        }
    }
    struct vault_recovery recovery;
    struct house house = {.files = files};
    life->ledger.blocks_alone = true;
    if (vault_recover(&recovery, files, life->house.key, &note) != ERR_OK ||
        house_open(&house, files, &life->ledger.words, life->now_s, &note) != ERR_OK ||
        !ledger_vault_holds(&life->ledger, &house)) {
        failed("the later copy does not come back", note.text);
    }
    life->ledger.blocks_alone = false;
    house_close(&house);
    file_memory_free(files);
}

/* Of what others wrote since something is missing; hers comes back from the journal, every block
 * stands, and none has a position that this log has not. */
static void set_back_the_log(const struct files *old)
{
    static const char *const group[] = {"log", NULL};
    struct files *files = set_back_together(old, group);
    struct house house = {.files = files};
    struct err_note note = {{0}};
    uint64_t missing_count = 0;
    const char *why = "";
    life->ledger.blocks_alone = true; /* their positions are not those of this log */
    if (house_open(&house, files, &life->ledger.words, life->now_s, &note) != ERR_OK ||
        house_read_all(&house, life->now_s, &note) != ERR_OK) {
        failed("without the latest of the log nothing opens", note.text);
    }
    if (!ledger_holds_rest(&life->ledger, &house, life->now_s, &missing_count, &why)) {
        failed(why, "");
    }
    if (missing_count == 0) {
        failed("nothing of the log was set back", "");
    }
    const struct vault_contents *contents = vault_contents(house.vault);
    for (size_t i = 0; i < contents->blocks_count; i++) {
        if (contents->blocks[i].since_position > store_end(house.store)) {
            failed("a block has a position that is not there", "");
        }
    }
    life->ledger.blocks_alone = false;
    house_close(&house);
    file_memory_free(files);
}

static void note_path(void *context, const char *path)
{
    (void)context;
    if (paths_count < FILES_MAX) {
        (void)snprintf(paths[paths_count++], sizeof paths[0], "%s", path);
    }
}

/* What is as it was some time ago then lacks whole segments. */
static void begin_segments(void)
{
    static const enum life_act acts[] = {LIFE_REOPEN, LIFE_PUT, LIFE_OWN};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (life_do(life, acts[i]) != ERR_OK) {
            failed("an act failed", life->note.text);
        }
    }
}

static struct files *live(size_t acts, uint64_t seed)
{
    whole = file_memory_new(seed);
    life = life_new(whole, seed);
    struct files *old = NULL;
    while (life->steps_count < acts) {
        /* Without lists, which leave the home. */
        enum err_code rc = life->steps_count % 7 == 6 ? life_do(life, LIFE_BLOCK) : life_step(life);
        if (rc != ERR_OK) {
            failed("an act failed", life->note.text);
        }
        if (old == NULL && life->steps_count >= acts / 2) {
            old = file_memory_copy(whole);
            begin_segments();
        }
    }
    if (life_do(life, LIFE_WORDS) != ERR_OK || life_do(life, LIFE_COPY) != ERR_OK) {
        failed("an act failed", life->note.text);
    }
    house_close(&life->house);
    file_memory_each(whole, note_path, NULL);
    return old;
}

int main(int argc, char **argv)
{
    size_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : STRIDE;
    size_t acts = argc > 2 ? strtoull(argv[2], NULL, 10) : ACTS;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 4;
    house_random_from(seed);
    struct files *old = live(acts, seed);
    (void)snprintf(told, sizeof told, "nothing");
    look(copy_of_home());
    if (seen.repaired != 1) {
        failed("the whole home is not whole", "");
    }
    set_back(old);
    set_back_the_list(old);
    set_back_the_log(old);
    for (size_t i = 0; i < paths_count; i++) {
        take_away(i);
        zero_pages(i);
        cut_off(i);
        double_segment(i);
        add_behind(i);
        for (size_t j = 0; j < i; j++) {
            exchange(i, j);
        }
        flip_octets(i, stride);
    }
    (void)printf("%zu files of %zu posts, %" PRIu64 " damages: %" PRIu64 " refused, %" PRIu64
                 " without loss, %" PRIu64 " with what is missing counted; %" PRIu64
                 " vaults brought back, %" PRIu64 " homes mended\n",
                 paths_count, life->ledger.order_count, seen.tried, seen.refused, seen.repaired,
                 seen.counted, seen.recovered, seen.mended);
    for (size_t i = 0; i < ERR_CODES_COUNT; i++) {
        if (seen.by_code[i] > 0) {
            (void)printf("  %s %" PRIu64, err_name((enum err_code)i), seen.by_code[i]);
        }
    }
    (void)printf("\n");
    life_free(life);
    file_memory_free(old);
    file_memory_free(whole);
    pool_back(0);
    return seen.tried < 2000 && stride <= STRIDE ? 1 : 0;
}
