// SPDX-License-Identifier: Apache-2.0
/* engine/copy.h: cp, by docker's rules for what a path means. */
#pragma once

#include "engine/engine.h"
#include "image/copy.h"

struct copy_request {
    const char *container;
    const char *inside; /* path in it; one that does not begin with '/' begins at the root */
    const char *host;   /* path, NULL: a tar, at stream */
    int stream;
    bool to_container;
    bool keep_owners; /* -a: by number, as the container has them; else root's, or the caller's outside */
    bool follow;      /* -L: a link that the source's path ends in */
};
/*
 * A directory onto a file, a destination whose parent is not there, and the like are errors before anything is written. When it fails later, what was
 * copied until then stays, as docker's does. Out of a container nothing comes with rights: no set-user-ID bit, no file capability.
 */
int engine_copy(struct engine *e, const struct copy_request *req, struct copy_report *ret, struct error *err);
