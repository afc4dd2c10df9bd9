#include "store/backup_kept.h"

#include <stdlib.h>

bool backup_kept_before(const struct shelf_since *a, const struct shelf_since *b)
{
    return a->kept > b->kept || (a->kept == b->kept && a->day < b->day);
}

static int compare(const void *a, const void *b)
{
    const struct backup_kept_entry *one = a;
    const struct backup_kept_entry *other = b;
    if (backup_kept_before(&one->since, &other->since)) {
        return -1;
    }
    if (backup_kept_before(&other->since, &one->since)) {
        return 1;
    }
    return (one->position > other->position) - (one->position < other->position);
}

enum err_code backup_kept_list(struct backup_kept *kept, struct archive *archive)
{
    uint64_t end = store_end(archive_store(archive));
    kept->entries = calloc((size_t)end + 1, sizeof *kept->entries);
    if (kept->entries == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint64_t position = 0; position < end; position++) {
        struct backup_kept_entry *entry = &kept->entries[kept->count];
        entry->position = (uint32_t)position;
        entry->since.kept = archive_why(archive, position, &entry->since.day);
        kept->count += entry->since.kept == SHELF_NOT ? 0 : 1;
    }
    qsort(kept->entries, kept->count, sizeof *kept->entries, compare);
    return ERR_OK;
}

void backup_kept_close(struct backup_kept *kept)
{
    free(kept->entries);
    *kept = (struct backup_kept){.count = 0};
}

bool backup_kept_goes_in(struct octets wire, const struct archive *archive)
{
    struct post post;
    return post_decode(&post, wire) == ERR_OK && post.kind != POST_RETRACT &&
           (archive == NULL || archive_admits(archive, &post));
}

bool backup_kept_decode(struct shelf_since *since, struct octets item)
{
    if (item.len < BACKUP_KEPT_FIXED || item.at[0] < SHELF_ITSELF || item.at[0] > SHELF_CONTEXT) {
        return false;
    }
    *since = (struct shelf_since){.kept = (enum shelf_why)item.at[0],
                                  .day = octets_get_u32be(item.at + 1)};
    return true;
}
