/* surfaces_ask.h - the same question to both worlds; what differs is counted, and the first few
 * differences are shown. */
#ifndef KITH_TESTS_INTERFERENCE_SURFACES_ASK_H
#define KITH_TESTS_INTERFERENCE_SURFACES_ASK_H

#include "tests/interference/surfaces.h"

/* Frees both; asked is what the difference is shown as. */
void compare_answers(struct surfaces *s, const char *asked, struct answer *a, struct answer *b);
/* "kith words[0] words[1] ..." */
void ask_words(struct surfaces *s, size_t count, const char *const *words);
#define ASK(s, ...)                                                                                \
    ask_words((s), sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),              \
              (const char *const[]){__VA_ARGS__})
/* For people and as JSON; the first of two and three that is NULL ends the line. */
void ask_both_forms(struct surfaces *s, const char *one, const char *two, const char *three);
/* A request without the command line: names and values, pairs_count of each. */
void ask_raw(struct surfaces *s, enum control_command command, size_t pairs_count,
             const char *const *pairs);

#endif
