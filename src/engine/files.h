// SPDX-License-Identifier: Apache-2.0
/*
 * engine/files.h: the files of one container as it has them, to be read and written: what cp works on. Of a container that runs, those that its
 * first process sees, with all that is mounted; of one that does not, its root with its volumes and bind mounts, mounted for the time by
 * the same code that starts it. Nobody may start it meanwhile: its lock is held.
 */
#pragma once

#include "engine/engine.h"

struct engine_files {
    int root;   /* O_PATH: only openat2(RESOLVE_IN_ROOT) from here (sys/root.h) is the container's */
    int userns; /* of the container; 0: ours */
    bool runs;
    char name[129];
    int lock, hold; /* -1: none. hold: while it is open the mounts of a stopped one are there */
    pid_t holder;
};

int engine_files_open(struct engine *e, const char *name_or_id, struct engine_files *ret, struct error *err)
    _warn_unused_;
void engine_files_close(struct engine_files *f);
#define _cleanup_engine_files_ __attribute__((cleanup(engine_files_close)))
#define ENGINE_FILES_NONE                  \
    {                                      \
        .root = -1, .lock = -1, .hold = -1 \
    }
