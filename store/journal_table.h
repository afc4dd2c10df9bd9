/* journal_table.h - what the journal holds, in memory. */
#ifndef KITH_STORE_JOURNAL_TABLE_H
#define KITH_STORE_JOURNAL_TABLE_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"
#include "store/view_intern.h"

struct journal_own {
    struct post_id id;
    uint64_t number;    /* of the record that says so */
    uint64_t expires_s; /* 0: never, or not known */
    uint8_t sent_count;
    bool has_wire; /* that record holds the post, else its id alone */
};

struct journal_use {
    struct key seed_public;
    struct key subject;
    uint32_t next; /* the use of the same invite before it, or VIEW_NONE */
};

struct journal_table {
    struct journal_own *own; /* in order of writing */
    uint32_t *own_by_id;     /* indexes of own, by id */
    size_t own_count;
    size_t own_cap;
    struct journal_use *uses; /* in order of writing */
    uint32_t uses_count;
    uint32_t uses_cap;
    struct view_intern seeds; /* of the invites that were used; nothing before the first */
    uint32_t *seeds_last;     /* the latest use of each */
    uint32_t seeds_cap;
};

/* Both: ERR_NO_MEMORY, and nothing changed.  What is there already is left as it is. */
MUST_USE enum err_code journal_table_own(struct journal_table *table,
                                         const struct journal_own *own);
MUST_USE enum err_code journal_table_use(struct journal_table *table, const struct key *seed_public,
                                         const struct key *subject);
/* How many subjects used this invite, and whether this one did: looks at its own uses alone. */
uint32_t journal_table_uses(const struct journal_table *table, bool *by_subject,
                            const struct key *seed_public, const struct key *subject);
/* NULL where it is none of the person's own. */
struct journal_own *journal_table_find(const struct journal_table *table, const struct post_id *id);
void journal_table_close(struct journal_table *table);

#endif
