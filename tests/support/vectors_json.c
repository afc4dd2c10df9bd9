#include "tests/support/vectors_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/err.h"

#define DEPTH_MAX 16

enum json_type { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };

struct json_value {
    enum json_type type;
    char *name;   /* when an object's member */
    char *string; /* when a string */
    int64_t number;
    struct json_value *first;
    struct json_value *next;
};

struct json_file {
    char *text;
    struct json_value *root;
};

struct reader {
    const char *path;
    const char *text;
    const char *at;
};

_Noreturn static void give_up(const char *format, ...) PRINTF_LIKE(1, 2);
_Noreturn static void give_up(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

_Noreturn static void bad(const struct reader *r, const char *what)
{
    give_up("%s: octet %zu: %s", r->path, (size_t)(r->at - r->text), what);
}

static void *room_for(size_t len)
{
    void *room = calloc(1, len);
    if (room == NULL) {
        give_up("no memory for test vectors");
    }
    return room;
}

static void skip_space(struct reader *r)
{
    r->at += strspn(r->at, " \t\r\n");
}

static bool take(struct reader *r, char c)
{
    skip_space(r);
    if (*r->at != c) {
        return false;
    }
    r->at++;
    return true;
}

static void need(struct reader *r, char c, const char *what)
{
    if (!take(r, c)) {
        bad(r, what);
    }
}

static char read_escape(struct reader *r)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *found = *r->at != '\0' ? strchr(names, *r->at) : NULL;
    if (found == NULL) { /* \u among them: the files have no need of it */
        bad(r, "an escape this reader does not know");
    }
    r->at++;
    return meant[found - names];
}

/* How many octets stand before the closing quote. */
static size_t raw_string_len(struct reader *r)
{
    size_t len = 0;
    while (r->at[len] != '"') {
        if ((unsigned char)r->at[len] < 0x20) {
            bad(r, "a string that does not end, or a control octet in it");
        }
        len += r->at[len] == '\\' && r->at[len + 1] != '\0' ? 2 : 1;
    }
    return len;
}

static char *read_string(struct reader *r)
{
    need(r, '"', "expected a string");
    const char *end = r->at + raw_string_len(r);
    char *string = room_for((size_t)(end - r->at) + 1);
    size_t len = 0;
    while (r->at < end) {
        char c = *r->at++;
        if (c == '\\') {
            c = read_escape(r);
        }
        string[len++] = c;
    }
    r->at++;
    return string;
}

static int64_t read_number(struct reader *r)
{
    char *end = NULL;
    int64_t number = strtoll(r->at, &end, 10);
    if (end == r->at || strchr(".eE", *end) != NULL) {
        bad(r, "expected a value; numbers are whole");
    }
    r->at = end;
    return number;
}

static bool take_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(r->at, word, len) != 0) {
        return false;
    }
    r->at += len;
    return true;
}

static struct json_value *read_value(struct reader *r, int depth);

static void read_items(struct reader *r, struct json_value *container, int depth)
{
    bool named = container->type == JSON_OBJECT;
    char close = named ? '}' : ']';
    struct json_value **slot = &container->first;
    if (take(r, close)) {
        return;
    }
    do {
        char *name = named ? read_string(r) : NULL;
        if (named) {
            need(r, ':', "expected a colon");
        }
        *slot = read_value(r, depth + 1);
        (*slot)->name = name;
        slot = &(*slot)->next;
    } while (take(r, ','));
    need(r, close, "expected a comma or the end of a list");
}

static struct json_value *read_value(struct reader *r, int depth)
{
    if (depth > DEPTH_MAX) {
        bad(r, "nested too deeply");
    }
    struct json_value *value = room_for(sizeof *value);
    skip_space(r);
    if (take(r, '{')) {
        value->type = JSON_OBJECT;
        read_items(r, value, depth);
    } else if (take(r, '[')) {
        value->type = JSON_ARRAY;
        read_items(r, value, depth);
    } else if (*r->at == '"') {
        value->type = JSON_STRING;
        value->string = read_string(r);
    } else if (take_word(r, "true") || take_word(r, "false")) {
        value->type = JSON_BOOL;
        value->number = r->at[-2] == 'u'; /* tr-u-e, fal-s-e */
    } else if (take_word(r, "null")) {
        value->type = JSON_NULL;
    } else {
        value->type = JSON_NUMBER;
        value->number = read_number(r);
    }
    return value;
}

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        give_up("%s: cannot be opened", path);
    }
    long len = ftell(file);
    if (len < 0 || fseek(file, 0, SEEK_SET) != 0) {
        give_up("%s: cannot be measured", path);
    }
    char *text = room_for((size_t)len + 1);
    if (fread(text, 1, (size_t)len, file) != (size_t)len || strlen(text) != (size_t)len) {
        give_up("%s: cannot be read as text", path);
    }
    (void)fclose(file);
    return text;
}

struct json_file *json_open(const char *path)
{
    struct json_file *file = room_for(sizeof *file);
    file->text = read_whole(path);
    struct reader r = {.path = path, .text = file->text, .at = file->text};
    file->root = read_value(&r, 0);
    skip_space(&r);
    if (*r.at != '\0') {
        bad(&r, "octets left over");
    }
    return file;
}

/* The depth is DEPTH_MAX at most. */
static void free_value(struct json_value *value)
{
    while (value != NULL) {
        struct json_value *next = value->next;
        free_value(value->first);
        free(value->name);
        free(value->string);
        free(value);
        value = next;
    }
}

void json_free(struct json_file *file)
{
    if (file == NULL) {
        return;
    }
    free_value(file->root);
    free(file->text);
    free(file);
}

const struct json_value *json_root(const struct json_file *file)
{
    return file->root;
}

static const struct json_value *check(const struct json_value *value, enum json_type type)
{
    if (value->type != type) {
        give_up("test vectors: %s is of another type", value->name != NULL ? value->name : "item");
    }
    return value;
}

const struct json_value *json_find(const struct json_value *object, const char *name)
{
    const struct json_value *v = check(object, JSON_OBJECT)->first;
    while (v != NULL && strcmp(v->name, name) != 0) {
        v = v->next;
    }
    return v;
}

const struct json_value *json_member(const struct json_value *object, const char *name)
{
    const struct json_value *v = json_find(object, name);
    if (v == NULL) {
        give_up("test vectors: there is no member %s", name);
    }
    return v;
}

const struct json_value *json_first(const struct json_value *container)
{
    return container->first;
}

const struct json_value *json_next(const struct json_value *value)
{
    return value->next;
}

size_t json_count(const struct json_value *container)
{
    size_t count = 0;
    for (const struct json_value *v = container->first; v != NULL; v = v->next) {
        count++;
    }
    return count;
}

const char *json_name(const struct json_value *value)
{
    return value->name;
}

const char *json_string(const struct json_value *value)
{
    return check(value, JSON_STRING)->string;
}

bool json_bool(const struct json_value *value)
{
    return check(value, JSON_BOOL)->number != 0;
}

int64_t json_number(const struct json_value *value)
{
    return check(value, JSON_NUMBER)->number;
}

bool json_is_null(const struct json_value *value)
{
    return value->type == JSON_NULL;
}

static unsigned hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    if (found == NULL) {
        give_up("test vectors: '%c' is no hex digit in lower case", c);
    }
    return (unsigned)(found - digits);
}

size_t json_hex(uint8_t *out, size_t out_max, const struct json_value *value)
{
    const char *hex = json_string(value);
    size_t len = strlen(hex) / 2;
    if (strlen(hex) % 2 != 0 || len > out_max) {
        give_up("test vectors: %zu hex digits where at most %zu fit", strlen(hex), 2 * out_max);
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return len;
}

void json_hex_exactly(uint8_t *out, size_t len, const struct json_value *value)
{
    if (json_hex(out, len, value) != len) {
        give_up("test vectors: fewer than %zu octets", len);
    }
}
