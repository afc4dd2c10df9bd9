/* view_web.h - the web of introductions: who vouches for whom, and how far each key is from her. */
#ifndef KITH_STORE_VIEW_WEB_H
#define KITH_STORE_VIEW_WEB_H

#include "store/view.h"
#include "store/view_columns.h"
#include "store/view_private.h"

struct view_web {
    uint32_t keys_count; /* keys met later are strangers and vouch for nobody */
    uint8_t *distance;   /* by key; VIEW_STRANGER outside */
    uint32_t *out_at;    /* by key: where its subjects begin in out; one more than keys */
    uint32_t *out;       /* subjects, ascending and distinct for each key */
};

/* fates has the own reasons of each post: vouches without any count.
 *   ERR_NO_MEMORY  *made is not written */
MUST_USE enum err_code view_web_make(struct view_web *made, const struct view_columns *columns,
                                     const struct view_private *priv, const uint8_t *fates,
                                     uint32_t own);
void view_web_close(struct view_web *web);

static inline uint8_t view_web_distance(const struct view_web *web, uint32_t key)
{
    return key < web->keys_count ? web->distance[key] : VIEW_STRANGER;
}

/* Whether of vouches for key, or for somebody who does. */
bool view_web_vouches(const struct view_web *web, uint32_t of, uint32_t key);

#endif
