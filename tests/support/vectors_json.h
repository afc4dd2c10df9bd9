/* vectors_json.h - a strict reader for the JSON files of test vectors.
 *
 * For tests: whatever is wrong with the file, or with a question put to it, prints one line and
 * exits, since a vector that is not there must not pass.  Objects, arrays, strings (with the
 * short escapes, no \u), unsigned and signed whole numbers, true, false and null. */
#ifndef KITH_TESTS_SUPPORT_VECTORS_JSON_H
#define KITH_TESTS_SUPPORT_VECTORS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_file;
struct json_value;

/* The path of a file in tests/vectors. */
#define JSON_VECTORS(name) (KITH_SOURCE_DIR "/tests/vectors/" name)

/* Read and parse a whole file. */
struct json_file *json_open(const char *path);
void json_free(struct json_file *file);

/* Values live as long as their file. */
const struct json_value *json_root(const struct json_file *file);

/* The member of that name; json_find() answers NULL where json_member() exits. */
const struct json_value *json_member(const struct json_value *object, const char *name);
const struct json_value *json_find(const struct json_value *object, const char *name);

/* Walk an array or an object's members, in order: the first, the one after, NULL at the end. */
const struct json_value *json_first(const struct json_value *container);
const struct json_value *json_next(const struct json_value *value);
size_t json_count(const struct json_value *container);

/* The name of an object's member; NULL for an array's item. */
const char *json_name(const struct json_value *value);

const char *json_string(const struct json_value *value);
bool json_bool(const struct json_value *value);
int64_t json_number(const struct json_value *value);
bool json_is_null(const struct json_value *value);

/* A string of hex digits as octets; returns how many.  Exits if they exceed out_max. */
size_t json_hex(uint8_t *out, size_t out_max, const struct json_value *value);
/* The same where exactly len octets are expected. */
void json_hex_exactly(uint8_t *out, size_t len, const struct json_value *value);

#endif
