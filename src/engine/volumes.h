// SPDX-License-Identifier: Apache-2.0
/*
 * engine/volumes.h: named volumes: ROOT/volumes/NAME/_data, made at the first use by a container (whose user owns it then: volumes are
 * id-mapped, so the owner on the disk is the id inside) or beforehand by volume_create(), which keeps labels in volume.json beside
 * it. A volume without that file is one that a run has made. A container's anonymous volumes are the container's, and not here.
 */
#pragma once

#include "engine/engine.h"

#define VOLUME_ANONYMOUS_LABEL \
    "com.docker.volume.anonymous" /* docker's, of one that was made without a name */

struct volume_info {
    const char *name, *mountpoint, *created; /* created: as in records */
    struct oci_pairs labels;
    const char **containers; /* names of those that have it */
    size_t n_containers;
};

/* One that is there already is left as it is, as in docker. -EINVAL: the name. */
int volume_create(struct engine *e, const char *name, const struct oci_pairs *labels, struct error *err);
/* All, by name. In the arena. */
int volume_list(struct engine *e, struct arena *a, struct volume_info **ret, size_t *ret_n,
                struct error *err);
/* -ENOENT */
int volume_get(struct engine *e, struct arena *a, const char *name, struct volume_info *ret,
               struct error *err);
/* -EBUSY: a container has it, running or not; -ENOENT. size may be NULL: bytes of regular files that are gone with it. */
int volume_remove(struct engine *e, const char *name, int64_t *size, struct error *err);
