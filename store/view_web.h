/* view_web.h - the web of introductions: which vouches count, and how far each key is from her.
 *
 * An edge counts while some live vouch for it names nobody blocked.  One that begins to count only
 * draws keys nearer, outward from its end; one that no longer counts changes something only where
 * it was the last shortest way to its end. */
#ifndef KITH_STORE_VIEW_WEB_H
#define KITH_STORE_VIEW_WEB_H

#include "store/view.h"
#include "store/view_columns.h"
#include "store/view_private.h"

struct view_web {
    uint8_t *distance; /* by key; VIEW_STRANGER outside */
    uint32_t keys_count, keys_cap;
    uint32_t *live; /* by edge: how many of its vouches count */
    uint32_t edges_count, edges_cap;
};

/* What judging looks at. */
struct view_case {
    const struct view_columns *columns;
    const struct view_private *priv;
    uint32_t own;
};

/* Room for keys and edges met since: strangers who vouch for nobody yet.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_web_reserve(struct view_web *web, const struct view_columns *columns);
/* Count every vouch, and every distance from it.  web is zeroed or has the room it had; fates has
 * the own reasons of each post: vouches without any count.
 *   ERR_NO_MEMORY  *web is closed by the caller */
MUST_USE enum err_code view_web_make(struct view_web *web, const struct view_case *of,
                                     const uint8_t *fates);
void view_web_close(struct view_web *web);

/* Another vouch for the edge counts, or one less; true when the edge itself now does, or no longer
 * does. */
bool view_web_count(struct view_web *web, uint32_t edge);
bool view_web_discount(struct view_web *web, uint32_t edge);

/* Draw nearer whatever an edge that now counts leads to.  The keys that were strangers before are
 * added to reached.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_web_relax(struct view_web *web, struct view_numbers *reached,
                                      const struct view_case *of, uint32_t edge);
/* Whether distances may no longer hold without this edge, which has ceased to count. */
bool view_web_relied_on(const struct view_web *web, const struct view_case *of, uint32_t edge);
/* Every distance anew, from the edges that count.  The keys that came in or fell out are added to
 * moved.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_web_measure(struct view_web *web, struct view_numbers *moved,
                                        const struct view_case *of);

static inline uint8_t view_web_distance(const struct view_web *web, uint32_t key)
{
    return key < web->keys_count ? web->distance[key] : VIEW_STRANGER;
}

/* Whether of vouches for key, or for somebody who does. */
bool view_web_vouches(const struct view_web *web, const struct view_columns *columns, uint32_t of,
                      uint32_t key);

#endif
