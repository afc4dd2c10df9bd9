#include "tests/interference/surfaces_ask.h"

#include <stdio.h>
#include <string.h>

#define DIFFERENCES_SHOWN 3

static void show_difference(const struct surfaces *s, const char *asked, const struct answer *a,
                            const struct answer *b)
{
    if (s->differing_count > DIFFERENCES_SHOWN) {
        return;
    }
    (void)fprintf(stderr,
                  "seed %llu: '%s' differs\n--- with their posts (%d)\n%s%s--- without (%d)\n%s%s",
                  (unsigned long long)s->history->seed, asked, a->status, a->out, a->err, b->status,
                  b->out, b->err);
}

void compare_answers(struct surfaces *s, const char *asked, struct answer *a, struct answer *b)
{
    s->asked_count++;
    if (a->status != b->status || a->out_len != b->out_len || a->err_len != b->err_len ||
        memcmp(a->out, b->out, a->out_len) != 0 || memcmp(a->err, b->err, a->err_len) != 0) {
        s->differing_count++;
        show_difference(s, asked, a, b);
    }
    answer_free(a);
    answer_free(b);
}

void ask_words(struct surfaces *s, size_t count, const char *const *words)
{
    struct answer a = world_ask(s->all, count, words);
    struct answer b = world_ask(s->without, count, words);
    char asked[256] = "kith";
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(asked);
        (void)snprintf(asked + used, sizeof asked - used, " %s", words[i]);
    }
    compare_answers(s, asked, &a, &b);
}

void ask_both_forms(struct surfaces *s, const char *one, const char *two, const char *three)
{
    const char *words[4];
    size_t count = 0;
    words[count++] = one;
    if (two != NULL) {
        words[count++] = two;
    }
    if (three != NULL) {
        words[count++] = three;
    }
    ask_words(s, count, words);
    words[count++] = "--json";
    ask_words(s, count, words);
}

void ask_raw(struct surfaces *s, enum control_command command, size_t pairs_count,
             const char *const *pairs)
{
    struct answer a = world_request(s->all, command, pairs_count, pairs);
    struct answer b = world_request(s->without, command, pairs_count, pairs);
    compare_answers(s, control_command_name(command), &a, &b);
}
