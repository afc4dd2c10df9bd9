#include "tests/crash/pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/posts.h"

static struct person people[POOL_PEOPLE];
static bool people_made;
static struct posts posts;
static struct pool_post made[POOL_POSTS_MAX];

static unsigned making;

bool pool_making(void)
{
    return making > 0;
}

static const struct person *person_at(uint32_t who)
{
    assert(who < POOL_PEOPLE);
    if (!people_made) {
        for (unsigned i = 0; i < POOL_PEOPLE; i++) {
            char name[16];
            (void)snprintf(name, sizeof name, "person %u", i);
            people[i] = person_of(name);
        }
        people_made = true;
    }
    return &people[who];
}

const struct key *pool_person(uint32_t who)
{
    return &person_at(who)->key;
}

const struct pool_post *pool_at(uint32_t index)
{
    assert(index < posts.count);
    return &made[index];
}

uint32_t pool_count(void)
{
    return (uint32_t)posts.count;
}

void pool_back(uint32_t count)
{
    while (posts.count > count) {
        free((void *)(uintptr_t)posts.wires[--posts.count].at);
    }
}

static uint32_t keep(uint32_t who, uint32_t subject)
{
    uint32_t index = (uint32_t)posts.count - 1;
    assert(index < POOL_POSTS_MAX);
    made[index] = (struct pool_post){
        .post = posts_decoded(&posts, index),
        .wire = posts.wires[index],
        .author = who,
        .subject = subject,
    };
    return index;
}

uint32_t pool_text(uint32_t who, uint64_t created_s, uint64_t expires_s, uint32_t parent,
                   size_t text_len)
{
    static char text[20000];
    assert(text_len < sizeof text);
    memset(text, 'a' + (int)(posts.count % 26), text_len);
    char number[16];
    int number_len = snprintf(number, sizeof number, "%zu ", posts.count);
    memcpy(text, number, (size_t)number_len);
    struct octets tag = octets_of_text("metoo");
    struct post_ref refs[2];
    struct post_draft draft = {
        .kind = POST_TEXT,
        .created_s = created_s,
        .expires_s = expires_s,
        .tags = &tag,
        .tags_count = 1,
        .text = octets_of((const uint8_t *)text,
                          text_len > (size_t)number_len ? text_len : (size_t)number_len),
    };
    if (parent != POOL_NONE) {
        refs[0] = (struct post_ref){.relation = POST_ROOT, .id = made[parent].post.id};
        refs[1] = (struct post_ref){.relation = POST_PARENT, .id = made[parent].post.id};
        draft.refs = refs;
        draft.refs_count = 2;
    }
    making++;
    (void)person_draft(&posts, person_at(who), &draft);
    making--;
    return keep(who, POOL_NONE);
}

uint32_t pool_retract(uint32_t who, uint64_t created_s, uint32_t subject)
{
    /* Never the same post twice. */
    making++;
    (void)person_retract(&posts, person_at(who), created_s - posts.count % 1000,
                         made[subject].post.id);
    making--;
    return keep(who, subject);
}
