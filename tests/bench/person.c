#include "tests/bench/person.h"

#include "store/home_key.h"
#include "tests/bench/measure.h"

void person_home_open(struct person_home *person, const char *path)
{
    struct err_note note = {{0}};
    uint8_t key[32];
    struct home *home = &person->home;
    must_ok(home_open(home, path, false, &note), &note, "a home");
    must_ok(home_unlock(home, octets_of(NULL, 0), &note), &note, "the home's key");
    home_key_derive(key, home->key, HOME_KEY_JOURNAL);
    must_ok(journal_open(&person->journal, home->files, key, &note), &note, "the journal");
    must_ok(vault_open(&person->vault, home->files, home->key, person->journal, &note), &note,
            "the vault");
}

void person_home_close(struct person_home *person)
{
    vault_close(person->vault);
    journal_close(person->journal);
    home_close(&person->home);
}
