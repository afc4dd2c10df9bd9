#include "node/words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/home.h"
#include "node/key_watch.h"
#include "node/memory.h"
#include "node/passphrase.h"
#include "proto/bip39.h"
#include "store/journal.h"

#define ROW_WORDS  4
#define TRIES_MAX  5
#define ASKED_BACK 2

/* ---- Taking them ---- */

static enum err_code say_trouble(enum err_code rc, const struct bip39_trouble *trouble,
                                 struct err_note *note)
{
    switch ((int)rc) {
    case ERR_NOT_FOUND:
        return err_note(
            note, ERR_USAGE, "word %zu, '%s', is not on the list%s%s%s%s%s%s",
            trouble->words_count + 1, trouble->typed,
            trouble->near[0] != NULL ? "; near it are: " : "",
            trouble->near[0] != NULL ? trouble->near[0] : "", trouble->near[1] != NULL ? ", " : "",
            trouble->near[1] != NULL ? trouble->near[1] : "", trouble->near[2] != NULL ? ", " : "",
            trouble->near[2] != NULL ? trouble->near[2] : "");
    case ERR_TRUNCATED:
        return err_note(note, ERR_USAGE, "these are %zu words, and there must be 24",
                        trouble->words_count);
    case ERR_TOO_LARGE:
        return err_note(note, ERR_USAGE, "these are more than 24 words");
    default:
        return err_note(note, ERR_USAGE,
                        "all 24 words are on the list, but they do not go together: one of them is "
                        "another word, or two have changed places");
    }
}

static enum err_code from_file(uint8_t seed[WORDS_SEED_LEN], const char *path,
                               struct err_note *note)
{
    uint8_t *text = memory_get_secret(BIP39_TYPED_MAX + 1);
    struct bip39_trouble trouble;
    int fd = passphrase_open(path);
    ssize_t got = 0;
    size_t len = 0;
    if (fd < 0) {
        sodium_free(text);
        return err_note(note, ERR_USAGE, "the file with the words, %s, cannot be read: %s", path,
                        strerror(errno));
    }
    while (len <= BIP39_TYPED_MAX && (got = read(fd, text + len, BIP39_TYPED_MAX + 1 - len)) > 0) {
        len += (size_t)got;
    }
    (void)close(fd);
    enum err_code rc = bip39_decode(seed, &trouble, octets_of(text, len));
    if (rc != ERR_OK) {
        rc = say_trouble(rc, &trouble, note);
    }
    sodium_memzero(&trouble, sizeof trouble);
    sodium_free(text);
    return rc;
}

static void say_sentence(const struct err_note *why, const char *next)
{
    (void)fprintf(stderr, "%c%s.\n%s\n", toupper((unsigned char)why->text[0]), why->text + 1, next);
}

/* One more line, unless something in it is no word; then it is asked for again. */
static bool take_line(char *text, size_t *len, size_t *count)
{
    struct passphrase line = {0};
    struct bip39_trouble trouble;
    struct err_note why = {{0}};
    uint16_t numbers[BIP39_WORDS_COUNT];
    char question[32];
    (void)snprintf(question, sizeof question, "%zu of 24:", *count);
    if (!passphrase_ask_line(&line, question)) {
        return false;
    }
    size_t room = BIP39_TYPED_MAX - *len - 1;
    size_t added = line.len < room ? line.len : room;
    memcpy(text + *len, line.text, added);
    text[*len + added] = ' ';
    passphrase_close(&line);
    enum err_code rc = bip39_read(numbers, count, &trouble, octets_of(text, *len + added + 1));
    if (rc == ERR_OK) {
        *len += added + 1;
    } else {
        (void)say_trouble(rc, &trouble, &why);
        say_sentence(&why, "That line does not count; please type it again.");
    }
    sodium_memzero(numbers, sizeof numbers);
    sodium_memzero(&trouble, sizeof trouble);
    sodium_memzero(&why, sizeof why);
    return true;
}

static enum err_code ask_once(uint8_t seed[WORDS_SEED_LEN], char *text, struct err_note *note)
{
    struct bip39_trouble trouble;
    size_t len = 0;
    size_t count = 0;
    while (count < BIP39_WORDS_COUNT) {
        if (!take_line(text, &len, &count)) {
            return err_note(note, ERR_USAGE, "no words were given");
        }
    }
    enum err_code rc = bip39_decode(seed, &trouble, octets_of(text, len));
    return rc == ERR_OK ? rc : say_trouble(rc, &trouble, note);
}

enum err_code words_take(uint8_t seed[WORDS_SEED_LEN], const char *file, struct err_note *note)
{
    if (file != NULL) {
        return from_file(seed, file, note);
    }
    if (!passphrase_can_ask()) {
        return err_note(note, ERR_USAGE,
                        "there is no terminal to ask for your words; --words-file F reads them "
                        "from a file");
    }
    (void)fputs("Please type your 24 words, as many on a line as you like. The first four letters "
                "of each\nare enough. What you type is not shown. Ctrl-C ends this, and nothing is "
                "changed.\n",
                stderr);
    char *text = memory_get_secret(BIP39_TYPED_MAX);
    enum err_code rc = ERR_USAGE;
    for (unsigned i = 0; rc != ERR_OK && i < TRIES_MAX; i++) {
        struct err_note why = {{0}};
        rc = ask_once(seed, text, &why);
        if (rc != ERR_OK) {
            bool again = strcmp(why.text, "no words were given") != 0 && i + 1 < TRIES_MAX;
            if (!again) {
                *note = why;
                break;
            }
            say_sentence(&why, "Please begin again.");
        }
    }
    sodium_free(text);
    return rc;
}

/* ---- Showing them ---- */

static void print(FILE *out, const uint8_t seed[WORDS_SEED_LEN])
{
    char *text = memory_get_secret(BIP39_TEXT_MAX);
    bip39_encode(text, seed);
    char *word = text;
    for (unsigned i = 0; i < BIP39_WORDS_COUNT; i++) {
        char *end = word + strcspn(word, " ");
        int len = (int)(end - word);
        bool ends_row = i % ROW_WORDS == ROW_WORDS - 1;
        (void)fprintf(out, "%s%2u %.*s%*s%s", i % ROW_WORDS == 0 ? "  " : "", i + 1, len, word,
                      ends_row ? 0 : BIP39_WORD_MAX + 2 - len, "", ends_row ? "\n" : "");
        word = end + 1;
    }
    (void)fflush(out);
    sodium_free(text);
}

/* The nth word, from 1, in text. */
static struct octets word_at(const char *text, unsigned nth)
{
    for (unsigned i = 1; i < nth; i++) {
        text += strcspn(text, " ") + 1;
    }
    return octets_of(text, strcspn(text, " "));
}

static bool is_word(struct octets typed, struct octets word)
{
    uint16_t one[BIP39_WORDS_COUNT];
    uint16_t other[BIP39_WORDS_COUNT];
    size_t count = 0;
    struct bip39_trouble trouble;
    return bip39_read(one, &count, &trouble, typed) == ERR_OK && count == 1 &&
           bip39_read(other, &count, &trouble, word) == ERR_OK && one[0] == other[0];
}

/* True once it is right; false when it is skipped. */
static bool ask_back(const char *text, unsigned nth)
{
    for (;;) {
        struct passphrase line = {0};
        char question[64];
        (void)snprintf(question, sizeof question, "Word %u (just Enter skips this):", nth);
        bool got = passphrase_ask_line(&line, question) && line.len > 0;
        bool right = got && is_word(passphrase_octets(&line), word_at(text, nth));
        passphrase_close(&line);
        if (!got || right) {
            return right;
        }
        (void)fputs("That is another word. Please look once more.\n", stderr);
    }
}

/* Nothing of them stays on the screen while two are asked back. */
static void check_written(const uint8_t seed[WORDS_SEED_LEN])
{
    char *text = memory_get_secret(BIP39_TEXT_MAX);
    unsigned first = 1 + randombytes_uniform(BIP39_WORDS_COUNT / ASKED_BACK);
    unsigned second =
        BIP39_WORDS_COUNT / ASKED_BACK + 1 + randombytes_uniform(BIP39_WORDS_COUNT / ASKED_BACK);
    bip39_encode(text, seed);
    bool right = ask_back(text, first) && ask_back(text, second);
    (void)fputs(right ? "That is right. Keep the paper where you keep what matters.\n"
                      : "`kith words` shows them again at any time.\n",
                stderr);
    sodium_free(text);
}

static bool wants(const char *question)
{
    char answer[16] = "";
    (void)fprintf(stderr, "%s ", question);
    (void)fflush(stderr);
    return fgets(answer, sizeof answer, stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

void words_offer(const uint8_t seed[WORDS_SEED_LEN])
{
    if (!passphrase_can_ask() || isatty(STDOUT_FILENO) != 1) {
        return;
    }
    (void)fputs("If this computer is lost, 24 words bring your identity back, and with a backup "
                "everything\nelse. Whoever has them is you, so they belong on paper.\n",
                stderr);
    if (!wants("Show them now? [y/N]")) {
        (void)fputs("`kith words` shows them at any time.\n", stderr);
        return;
    }
    print(stdout, seed);
    if (!wants("Written down? Then two of them are asked back. [y/N]")) {
        (void)fputs("`kith words` shows them again at any time.\n", stderr);
        return;
    }
    /* What was on the screen and above it. */
    (void)fputs("\033[H\033[2J\033[3J", stdout);
    (void)fflush(stdout);
    check_written(seed);
}

enum err_code words_run(const char *path, const struct options *options, struct err_note *note)
{
    struct home home;
    struct vault *vault = NULL;
    struct journal *journal = NULL;
    struct key_watch watch = {.home = NULL};
    if (isatty(STDOUT_FILENO) != 1 && !options->show) {
        return err_note(note, ERR_USAGE,
                        "the words are shown on a terminal; --show prints them here all the same");
    }
    enum err_code rc = home_open(&home, path, false, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = home_check_vault(&home, note);
    rc = rc == ERR_OK ? key_watch_start(&watch, &home, "key", note) : rc;
    rc = rc == ERR_OK ? home_unlock_asking(&home, options->passphrase_file, note) : rc;
    rc = rc == ERR_OK ? home_open_vault(&vault, &journal, &home, note) : rc;
    if (rc == ERR_OK) {
        print(stdout, vault_seed(vault));
    }
    key_watch_stop(&watch);
    vault_close(vault);
    journal_close(journal);
    home_close(&home);
    return rc;
}
