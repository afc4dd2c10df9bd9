/* shelf.h - where the view finds the posts that left the store and are kept for her. */
#ifndef KITH_STORE_SHELF_H
#define KITH_STORE_SHELF_H

#include "store/found.h"
#include "store/store.h"

/* Why a post is kept (SPEC 7.6). */
enum shelf_why {
    SHELF_NOT,
    SHELF_ITSELF,  /* her own, or what her time line or her inbox lists */
    SHELF_WITH,    /* it answers what is kept itself or with that */
    SHELF_CONTEXT, /* what is kept itself refers to it, in steps perhaps: it counts only while
                    * that does */
};

struct shelf_since {
    enum shelf_why kept;
    uint32_t day; /* since the epoch: where the floor stood then */
};

/* As the functions of store.h and archive.h that are called alike; context NULL: there is none. */
struct shelf {
    void *context;
    uint64_t (*floor_s)(void *context);
    uint64_t (*bound_s)(void *context);
    struct shelf_since (*since)(void *context, uint64_t position);
    enum err_code (*next)(void *context, struct octets_room *wire, uint64_t *at, uint64_t *position,
                          struct err_note *note);
    enum err_code (*at)(void *context, struct octets_room *wire, uint64_t at,
                        struct err_note *note);
    enum err_code (*body)(void *context, struct octets_room *wire, const struct post_id *id,
                          struct err_note *note);
    enum err_code (*search)(void *context, struct found *found, enum store_search search,
                            struct octets folded, struct err_note *note);
};

#endif
