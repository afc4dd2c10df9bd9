/* kithd: a personal node or, with --relay, a community relay. */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "node/again.h"
#include "node/daemon.h"
#include "node/home.h"
#include "node/import.h"
#include "node/init.h"
#include "node/locked.h"
#include "node/log.h"
#include "node/memory.h"
#include "node/options.h"
#include "node/panic.h"
#include "node/passphrase.h"
#include "node/recover.h"
#include "node/restore.h"
#include "node/words.h"

#define DESCRIPTORS_WANTED 4096

/* Where a standard descriptor is closed, the next file opened would get its number, and a line for
 * the log could end up in the journal.  What is written here goes nowhere. */
static void keep_standard_descriptors(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    }
    (void)close(fd);
}

/* Keys live in this process: nobody else reads its files, its memory or its remains. */
static void harden(void)
{
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error like a full disk */
    struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#if defined(__linux__)
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS_WANTED) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS_WANTED ? limit.rlim_max : DESCRIPTORS_WANTED;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Keys must not reach the swap: as much locked memory as this user may have. */
static void raise_locked_memory(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_MEMLOCK, &limit);
    }
}

static void say_what_is_locked(void)
{
    long page_len = sysconf(_SC_PAGESIZE);
    uint8_t *page = sodium_malloc(page_len > 0 ? (size_t)page_len : 1);
    if (page == NULL || sodium_mlock(page, page_len > 0 ? (size_t)page_len : 1) != 0) {
        log_line(LOG_INFO, "this system does not let kith keep its keys out of the swap; a swap "
                           "that is encrypted, or none, makes up for it");
    }
    sodium_free(page);
}

static int fail(enum err_code rc, struct err_note *note)
{
    log_make_plain(note->text);
    (void)fprintf(stderr, "kithd: %s\n", note->text[0] != '\0' ? note->text : err_text(rc));
    return err_exit_status(rc);
}

/* One line that programs read, and what there is to say about what was not kept. */
static void tell_imported(const struct import_counts *c)
{
    static const char *const words[] = {"taken back by their authors", "past their end",
                                        "with a proof that does not hold", "dated in the future"};
    const uint64_t counts[] = {c->retracted_count, c->expired_count, c->forged_count,
                               c->future_count};
    (void)printf("%" PRIu64 " new, %" PRIu64 " there already, %" PRIu64 " refused, %" PRIu64
                 " invalid\n",
                 c->new_count, c->there_count, c->retracted_count + c->expired_count,
                 c->forged_count + c->future_count);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (counts[i] > 0) {
            (void)printf("not kept: %" PRIu64 " %s\n", counts[i], words[i]);
        }
    }
}

static enum err_code import(struct home *home, const struct options *options, struct err_note *note)
{
    struct import_counts counts;
    enum err_code rc = import_run(&counts, home, options, note);
    tell_imported(&counts);
    return rc;
}

/* A relay's home is made without a passphrase, unless one is given. */
static enum err_code make_relay(struct home *home, const struct options *options,
                                struct err_note *note)
{
    struct passphrase passphrase = {0};
    enum err_code rc = ERR_OK;
    if (options->passphrase_file != NULL) {
        rc = passphrase_from_file(&passphrase, options->passphrase_file, note);
    }
    if (rc == ERR_OK) {
        rc = home_make_vault(home, VAULT_RELAY, passphrase_octets(&passphrase), note);
    }
    passphrase_close(&passphrase);
    if (rc == ERR_OK) {
        log_line(LOG_INFO, "made a relay's home in %s", home->path);
    }
    return rc;
}

/* The key of the home, where it takes no passphrase or one was given; else it stays locked. */
static enum err_code prepare(struct home *home, const struct options *options,
                             struct err_note *note)
{
    bool locked = false;
    if (options->relay && !home_has_vault(home)) {
        return make_relay(home, options, note);
    }
    enum err_code rc = home_check_vault(home, note);
    if (rc == ERR_OK) {
        rc = home_is_locked(&locked, home, note);
    }
    if (rc == ERR_OK && (!locked || options->passphrase_file != NULL)) {
        rc = home_unlock_asking(home, options->passphrase_file, note);
    }
    return rc;
}

static enum err_code open_person(struct person **person, enum locked_end *end, struct home *home,
                                 const struct options *options, struct err_note *note)
{
    if (home->key == NULL) {
        return locked_run(end, person, home, options, note);
    }
    enum err_code rc =
        person_open(person, home, options->relay ? VAULT_RELAY : VAULT_PERSONAL, note);
    home_forget(home);
    *end = LOCKED_OPENED;
    return rc;
}

static enum err_code run(struct home *home, const struct options *options, struct err_note *note)
{
    struct person *person = NULL;
    enum locked_end opened = LOCKED_STOPPED;
    enum daemon_end end = DAEMON_STOPPED;
    say_what_is_locked();
    enum err_code rc = prepare(home, options, note);
    if (rc == ERR_OK) {
        rc = open_person(&person, &opened, home, options, note);
    }
    if (rc == ERR_OK && opened == LOCKED_OPENED) {
        rc = daemon_run(&end, person, home, options, note);
    }
    if (rc == ERR_OK && (opened == LOCKED_STAINED || end == DAEMON_LOCKS)) {
        again_locked(home, options);
        log_line(LOG_WARN, "the system did not let this node stay behind locked, so it stops");
    }
    return rc;
}

static enum err_code with_home(const char *path, const struct options *options,
                               struct err_note *note)
{
    struct home home;
    enum err_code rc = options->relay && options->held_fd < 0
                           ? home_open(&home, path, true, note)
                           : home_open_held(&home, path, options->held_fd, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = options->mode == OPTIONS_IMPORT ? import(&home, options, note) : run(&home, options, note);
    home_close(&home);
    return rc;
}

static enum err_code work(const char *path, const struct options *options, struct err_note *note)
{
    switch ((int)options->mode) {
    case OPTIONS_INIT:
        return init_run(path, options, note);
    case OPTIONS_RESTORE:
        return restore_run(path, options, note);
    case OPTIONS_WORDS:
        return words_run(path, options, note);
    case OPTIONS_RECOVER:
        return recover_run(path, options, note);
    case OPTIONS_PANIC:
        return panic_run(path, options->held_fd, note);
    default:
        return with_home(path, options, note);
    }
}

/* A file that is missing deep inside is not what the person named: only these name one. */
static enum err_code outermost(enum err_code rc, enum options_mode mode)
{
    bool names_one = mode == OPTIONS_IMPORT || mode == OPTIONS_RESTORE;
    return rc == ERR_NOT_FOUND && !names_one ? ERR_IO : rc;
}

int main(int argc, char **argv)
{
    keep_standard_descriptors();
    struct err_note note = {{0}};
    struct options options;
    enum err_code rc = options_parse(&options, argc, argv, &note);
    if (rc != ERR_OK) {
        return fail(rc, &note);
    }
    if (options.mode == OPTIONS_VERSION) {
        (void)fputs("kithd " KITH_VERSION "\n", stdout);
        return 0;
    }
    if (options.mode == OPTIONS_HELP) {
        for (const char *const *text = options_help(); *text != NULL; text++) {
            (void)fputs(*text, stdout);
        }
        return 0;
    }
    harden();
    memory_tune();
    raise_descriptors();
    raise_locked_memory();
    log_set_level(options.verbose ? LOG_DEBUG : LOG_INFO);
    if (sodium_init() < 0) {
        (void)err_note(&note, ERR_IO, "the system gives no random numbers");
        return fail(ERR_IO, &note);
    }
    char path[HOME_PATH_MAX];
    rc = home_path(path, options.home, &note);
    if (rc == ERR_OK) {
        rc = outermost(work(path, &options, &note), options.mode);
    }
    return rc == ERR_OK ? 0 : fail(rc, &note);
}
