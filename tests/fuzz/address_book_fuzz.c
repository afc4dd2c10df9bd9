/* Any octets as a book of addresses or as scores from the disk: what is accepted holds together and
 * is written again as it was. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "proto/address_book.h"
#include "proto/peer_score.h"

#define NOW_S UINT64_C(1800000000)

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void use(struct address_book *book)
{
    struct address drawn;
    const struct address *sample = NULL;
    if (address_book_choose(book, &drawn, NULL, 0, 7, NOW_S)) {
        address_book_good(book, &drawn, NOW_S);
        address_book_failed(book, &drawn, NOW_S);
    }
    (void)address_book_feel(book, &drawn, 7, NOW_S);
    require(address_book_sample(book, &sample, NOW_S) <= ADDRESS_BOOK_SAMPLE_MAX);
    address_book_check(book);
}

static void try_book(struct octets encoded)
{
    struct address_book *book = NULL;
    if (address_book_decode(&book, encoded) != ERR_OK) {
        return;
    }
    size_t cap = address_book_encoded_cap(book);
    uint8_t *again = malloc(cap);
    require(again != NULL);
    require(address_book_encode(book, again, cap) == encoded.len); /* rows may change order */
    free(again);
    use(book);
    address_book_free(book);
}

static void try_scores(struct octets encoded)
{
    struct peer_scores *scores = NULL;
    uint8_t again[PEER_SCORE_ENCODED_MAX];
    if (peer_scores_decode(&scores, encoded, NOW_S) == ERR_OK) {
        require(octets_equal(octets_of(again, peer_scores_encode(scores, again, NOW_S)), encoded));
        peer_scores_free(scores);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    try_book(octets_of(octets, len));
    try_scores(octets_of(octets, len));
    return 0;
}
