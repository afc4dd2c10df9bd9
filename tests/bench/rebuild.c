/* rebuild - opening everything from the log: reported, not yet promised. */
#include <sodium.h>
#include <stdlib.h>

#include "tests/bench/measure.h"
#include "tests/bench/million.h"

#define REBUILD_RUNS 3

/* What the same posts cost when they are only unsealed and hashed. */
static double raw_rebuild_s(const struct million *m)
{
    uint8_t plain[512] = {0};
    uint8_t sealed[512 + crypto_aead_chacha20poly1305_ietf_ABYTES];
    uint8_t hash[32];
    static const uint8_t key[32] = {1};
    static const uint8_t nonce[12] = {1};
    unsigned long long len = 0;
    const size_t plain_len = 430;
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &len, plain, plain_len, NULL, 0, NULL,
                                                    nonce, key);
    double begun = clock_wall();
    for (size_t i = 0; i < m->posts_count; i++) {
        must(crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, len, NULL, 0,
                                                       nonce, key) == 0,
             "opening a record");
        (void)crypto_generichash(hash, sizeof hash, plain, plain_len, NULL, 0);
    }
    return clock_wall() - begun;
}

void bench_rebuild(struct bench *bench)
{
    struct million *m = million_of(bench);
    struct spread *whole_s = must_get(1, sizeof *whole_s);
    struct spread *store_s = must_get(1, sizeof *store_s);
    struct spread *raw_s = must_get(1, sizeof *raw_s);
    for (size_t i = 0; i < REBUILD_RUNS; i++) {
        million_close(m);
        double begun = clock_wall();
        million_open_store(m);
        spread_add(store_s, clock_wall() - begun);
        million_open_view(m);
        spread_add(whole_s, clock_wall() - begun);
        spread_add(raw_s, raw_rebuild_s(m));
    }
    struct result result = {.bench = "rebuild",
                            .unit = "s",
                            .better = BETTER_NONE,
                            .reference = "unsealing and hashing as many posts, one core"};
    result_spread(&result, whole_s);
    result_print(&result, ",\"store_s\":%.2f,\"reference_s\":%.2f,\"posts\":%zu",
                 spread_at(store_s, 0.5), spread_at(raw_s, 0.5), m->posts_count);
    free(whole_s);
    free(store_s);
    free(raw_s);
}
