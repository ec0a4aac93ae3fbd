// SPDX-License-Identifier: Apache-2.0
/*
 * engine/changes.h: what a container has changed in its root: its own layer against those of its image. What is mounted in it (volumes,
 * tmpfs, …) is no part of that. In order of the names, a directory before what is in it.
 *
 * Calls fn with 'A' (added), 'C' (changed; also a directory in which something was added or removed) or 'D' (removed: of a directory the directory
 * alone, and what was left out of one that was made anew) and the path, which begins with '/' and is the container's to choose. Non-zero from fn ends the walk and is returned. One with a
 * read-only root has changed nothing. -EOPNOTSUPP: the host's overlay renames directories by reference.
 */
#pragma once

#include "engine/engine.h"

int engine_changes(struct engine *e, const char *id, int (*fn)(void *arg, char kind, const char *path),
                   void *arg, struct error *err);
