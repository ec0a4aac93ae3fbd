// SPDX-License-Identifier: Apache-2.0
/* engine/commit.h: an image of what a container has become. */
#pragma once

#include "engine/engine.h"

struct commit_request {
    const char *container, *name; /* of the image; NULL: none */
    const char *author, *message; /* NULL */
    struct oci_strings changes;   /* docker's instructions, in order */
    bool pause;                   /* its processes stand still meanwhile, if it runs */
};
/*
 * The image is that of the container, with one layer more that holds what it has changed in its root (none when that is nothing), in the ids of inside, and
 * with its own command, environment, labels, user, working directory and stop signal. Not in it: what is mounted (volumes, tmpfs, secrets).
 * id: 65 bytes.
 */
int engine_commit(struct engine *e, const struct commit_request *req, char *id, struct error *err);
