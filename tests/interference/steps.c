/* The steps of a history, as she does them: with the commands. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "tests/interference/world.h"

static void asks(struct world *world, size_t words_count, const char *const *words)
{
    struct answer answer = world_ask(world, words_count, words);
    if (answer.status != 0) {
        (void)fprintf(stderr, "interference: %s: %d: %s", words[0], answer.status, answer.err);
        abort();
    }
    answer_free(&answer);
}

static void asks_about(struct world *world, const char *command, const struct key *key)
{
    char hex[KEY_LEN * 2 + 1];
    (void)sodium_bin2hex(hex, sizeof hex, key->octets, KEY_LEN);
    asks(world, 2, (const char *[]){command, hex});
}

static void names(struct world *world, const struct person *person)
{
    char hex[KEY_LEN * 2 + 1];
    char petname[PERSON_NAME_MAX + 2];
    (void)sodium_bin2hex(hex, sizeof hex, person->key.octets, KEY_LEN);
    (void)snprintf(petname, sizeof petname, "@%s", person->name);
    asks(world, 4, (const char *[]){"people", "name", hex, petname});
}

static void turns_shield(struct world *world, const struct step *step)
{
    bool is_tag = step->tag != HISTORY_NONE;
    asks(world, 3,
         (const char *[]){step->kind == STEP_SHIELD ? "shield" : "unshield",
                          is_tag ? "--" : "--word",
                          is_tag ? history_tags[step->tag] : history_words[step->word]});
}

static void reaches(struct world *world, int reach)
{
    char steps[12];
    (void)snprintf(steps, sizeof steps, "%d", reach);
    asks(world, 2, (const char *[]){"web", steps});
}

/* What she keeps is good for one import. */
static void keeps_list(struct world *world, const char *path)
{
    (void)unlink(path);
    asks(world, 3, (const char *[]){"blocks", "export", path});
}

static void takes_list(struct world *world, const char *path)
{
    asks(world, 4, (const char *[]){"blocks", "import", path, "--yes"});
    (void)unlink(path);
}

static void arrives(struct world *world, const struct history *history, int fact, bool drop)
{
    if (!drop || !history->left_out[fact]) {
        world_arrive(world, history->posts.wires[fact]);
    }
}

static void takes_step(struct world *world, const struct history *history, const struct step *step,
                       bool drop)
{
    const struct person *person = &history->people[step->person];
    char list[64];
    switch (step->kind) {
    case STEP_ARRIVE:
        arrives(world, history, step->fact, drop);
        break;
    case STEP_SAY:
        world_say(world, &history->posts.ids[step->fact], history->posts.wires[step->fact]);
        break;
    case STEP_FOLLOW:
        asks_about(world, "follow", &person->key);
        break;
    case STEP_UNFOLLOW:
        asks_about(world, "unfollow", &person->key);
        break;
    case STEP_FOLLOW_TAG:
        asks(world, 3, (const char *[]){"follow", "--tag", history_tags[step->tag]});
        break;
    case STEP_NAME:
        names(world, person);
        break;
    case STEP_BLOCK:
        asks_about(world, "block", &person->key);
        break;
    case STEP_UNBLOCK:
        asks_about(world, "unblock", &person->key);
        break;
    case STEP_SHIELD:
    case STEP_UNSHIELD:
        turns_shield(world, step);
        break;
    case STEP_RESTART:
        world_restart(world);
        break;
    case STEP_REACH:
        reaches(world, step->reach);
        break;
    case STEP_EXPORT:
    case STEP_IMPORT:
        (void)snprintf(list, sizeof list, "%s/list", world_outside(world));
        (step->kind == STEP_EXPORT ? keeps_list : takes_list)(world, list);
        break;
    case STEP_UNDO:
        asks(world, 2, (const char *[]){"blocks", "undo"});
        break;
    case STEP_LOSE:
        world_lose_vault(world);
        break;
    case STEP_AGE:
        world_age(world);
        break;
    }
}

void world_step(struct world *world, const struct history *history, const struct step *step,
                bool drop)
{
    world_set_clock(world, step->now_s);
    takes_step(world, history, step, drop);
    world_check(world);
}
