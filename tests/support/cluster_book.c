#include <stdlib.h>

#include "tests/support/cluster_inner.h"

#define LOST_ONE_IN  8 /* of the files in which addresses stand, where files fail */
#define NOTED_ONE_IN 2 /* of the ends: the node wrote down which connections are its anchors */

static void begin_anew(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    uint8_t key[ADDRESS_BOOK_KEY_LEN];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)cluster_random(c, 256);
    }
    cluster_must(address_book_new(&node->book, key) == ERR_OK &&
                     peer_scores_new(&node->scores) == ERR_OK,
                 "no memory");
}

void book_open(struct cluster *c, uint32_t n)
{
    bool has = c->plan.books || n < c->plan.relays_count;
    if (c->nodes[n].book == NULL && has) {
        begin_anew(c, n);
    }
}

void book_free(struct cluster_node *node)
{
    address_book_free(node->book);
    peer_scores_free(node->scores);
    node->book = NULL;
    node->scores = NULL;
}

/* What stands in the file is read again; where files fail it may be gone. */
void book_close(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    uint8_t scores[PEER_SCORE_ENCODED_MAX];
    if (node->book == NULL) {
        return;
    }
    if (cluster_random(c, NOTED_ONE_IN) == 0) {
        engine_note_anchors(node->engine);
    }
    address_book_check(node->book);
    size_t cap = address_book_encoded_cap(node->book);
    uint8_t *book = malloc(cap);
    cluster_must(book != NULL, "no memory");
    struct octets of_book = octets_of(book, address_book_encode(node->book, book, cap));
    uint64_t now_s = cluster_node_clock_s(c, n);
    struct octets of_scores = octets_of(scores, peer_scores_encode(node->scores, scores, now_s));
    book_free(node);
    if (c->faults.files_fail > 0 && cluster_random(c, LOST_ONE_IN) == 0) {
        begin_anew(c, n);
    } else {
        cluster_must(address_book_decode(&node->book, of_book) == ERR_OK &&
                         peer_scores_decode(&node->scores, of_scores, now_s) == ERR_OK,
                     "what a node wrote of others does not read back");
    }
    free(book);
}
