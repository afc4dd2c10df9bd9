/* key_watch.h - end this process when its home is destroyed by another one (panic, SPEC 10.2).
 *
 * For what holds a home without a control socket on which it could be told: import, restore, init,
 * recover and words, also while they ask somebody or wait for a file. */
#ifndef KITH_NODE_KEY_WATCH_H
#define KITH_NODE_KEY_WATCH_H

#include <stdbool.h>
#include <termios.h>
#include <uv.h>

#include "node/home.h"

struct key_watch {
    const struct home *home; /* NULL: it does not watch */
    const char *path;
    struct termios terminal; /* as it was, since a question may have taken its echo */
    bool has_terminal;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;
    bool ending;
};

/* From now on this process ends at once, with a line on stderr and status 5, when the file at path
 * in the home, which is there, is gone: `key`, or what marks a home that is not whole yet.  Home
 * and path are borrowed until key_watch_stop(). ERR_NO_MEMORY  the system gives no more threads */
MUST_USE enum err_code key_watch_start(struct key_watch *watch, const struct home *home,
                                       const char *path, struct err_note *note);
/* Looks once more first.  Does nothing where it does not watch. */
void key_watch_stop(struct key_watch *watch);

#endif
