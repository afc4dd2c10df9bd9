#include "node/outside.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/sealed_file.h"

static enum err_code find_place(struct outside *place, struct octets path, struct err_note *note)
{
    if (path.len < 2 || path.len >= OUTSIDE_PATH_MAX || path.at[0] != '/' ||
        path.at[path.len - 1] == '/' || memchr(path.at, 0, path.len) != NULL) {
        return err_note(note, ERR_USAGE, "'file' is the whole path of a file, from / on");
    }
    memcpy(place->whole, path.at, path.len);
    place->whole[path.len] = '\0';
    char *slash = strrchr(place->whole, '/');
    size_t folder_len = (size_t)(slash - place->whole);
    (void)snprintf(place->folder, sizeof place->folder, "%.*s",
                   folder_len > 0 ? (int)folder_len : 1, place->whole);
    place->name = slash + 1;
    return ERR_OK;
}

/* Looked at first, since the files of a home make the folders they miss. */
static enum err_code open_place(struct outside *place, struct err_note *note)
{
    struct stat found;
    if (stat(place->folder, &found) != 0 || !S_ISDIR(found.st_mode)) {
        return err_note(note, ERR_NOT_FOUND, "there is no folder %s", place->folder);
    }
    return file_posix_new(&place->files, place->folder, note);
}

enum err_code outside_open(struct outside *outside, struct octets path, struct err_note *note)
{
    *outside = (struct outside){.files = NULL};
    enum err_code rc = find_place(outside, path, note);
    return rc == ERR_OK ? open_place(outside, note) : rc;
}

void outside_close(struct outside *outside)
{
    if (outside->files != NULL) {
        file_posix_free(outside->files);
        outside->files = NULL;
    }
}

enum err_code outside_put(struct octets path, struct octets octets, struct err_note *note)
{
    struct outside place;
    enum err_code rc = outside_open(&place, path, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = sealed_put(place.files, place.name, octets, note);
    outside_close(&place);
    return rc;
}

enum err_code outside_read(uint8_t **at, size_t *len, struct octets path, struct err_note *note)
{
    struct outside place = {.files = NULL};
    struct stat found;
    enum err_code rc = find_place(&place, path, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (stat(place.whole, &found) != 0) {
        return err_note(note, ERR_NOT_FOUND, "there is no file %s", place.whole);
    }
    /* A pipe would keep the node waiting. */
    if (!S_ISREG(found.st_mode)) {
        return err_note(note, ERR_REFUSED, "%s is no plain file", place.whole);
    }
    rc = open_place(&place, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = file_read_all(place.files, at, len, place.name, SEALED_LEN_MAX, note);
    file_posix_free(place.files);
    if (rc == ERR_TOO_LARGE) {
        return err_note(note, ERR_REFUSED, "this is no file that kith sealed");
    }
    return rc;
}
