/* sender.h - a peer over real TCP: a session, frames of posts, and the question whether all of
 * them have arrived. */
#ifndef KITH_TESTS_BENCH_SENDER_H
#define KITH_TESTS_BENCH_SENDER_H

#include "proto/address.h"
#include "tests/bench/data.h"

struct sender;

/* Connect, shake hands, and exchange HELLO. */
struct sender *sender_new(const struct address *address);
void sender_free(struct sender *sender);

/* Send all posts, posts_per_frame in each frame or as many as nodes push, as fast as they are
 * taken.  Returns once the last octet was handed to the system. */
void sender_send(struct sender *sender, const struct data *data, size_t posts_per_frame);

/* Its socket, for whoever only counts what comes; and so much more credit for the relay, said at
 * once. */
int sender_socket(const struct sender *sender);
void sender_grant(struct sender *sender, uint32_t len);

/* Reconcile until the peer's set equals set, sorted and sealed: then everything is appended and
 * indexed there. */
struct sorted_set;
void sender_await(struct sender *sender, const struct sorted_set *set);

#endif
