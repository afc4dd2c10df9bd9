/* Octets as what lies in a sealed file: evidence or a list of blocks, refused or consistent. */
#include "tests/fuzz/fuzz.h"

#include "proto/post.h"
#include "store/evidence.h"
#include "store/vault_list.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_list(struct octets plain)
{
    struct vault_list list;
    enum err_code rc = vault_list_decode(&list, plain);
    must(rc == ERR_OK || rc == ERR_MALFORMED || rc == ERR_VERSION);
    if (rc == ERR_OK) {
        uint8_t *again = NULL;
        size_t again_len = 0;
        must(vault_list_encode(&again, &again_len, &list) == ERR_OK);
        must(octets_equal(octets_of(again, again_len), plain));
        free(again);
        vault_list_close(&list);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct octets plain = octets_of(octets, len);
    struct evidence evidence;
    enum err_code rc = evidence_decode(&evidence, plain);
    must(rc == ERR_OK || rc == ERR_MALFORMED || rc == ERR_VERSION);
    while (rc == ERR_OK && evidence.posts.len > 0) {
        struct post post;
        size_t wire_len = 0;
        rc = post_decode_prefix(&post, &wire_len, evidence.posts);
        must(rc != ERR_OK || (wire_len > 0 && wire_len <= evidence.posts.len));
        evidence.posts = octets_of(evidence.posts.at + wire_len, evidence.posts.len - wire_len);
    }
    try_list(plain);
    return 0;
}
