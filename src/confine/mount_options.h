// SPDX-License-Identifier: Apache-2.0
/*
 * confine/mount_options.h: the option words of mounts[].options (runtime-spec config.md "mounts", and the words that crun and runc
 * add), sorted into what the mount API wants: attributes of the mount, propagation, and data for the file system.
 *
 * Failure mode: fail closed. A word that a bind mount does not know is an error; for a file system it is data, and the
 * kernel refuses what it does not know. A word that is understood but not enforced yet is an error that names it.
 */
#pragma once

#include "oci/spec.h"

struct mount_options {
    uint64_t set, clear;         /* MOUNT_ATTR_* of the top mount */
    uint64_t rec_set, rec_clear; /* of the whole tree (rro, rnosuid, …) */
    uint64_t propagation;        /* MS_SHARED MS_SLAVE MS_PRIVATE MS_UNBINDABLE, 0 = none said */
    bool propagation_rec;
    bool bind, bind_rec;   /* "bind" / "rbind" */
    bool idmap, idmap_rec; /* "idmap" / "ridmap" */
    const char **data;     /* NULL-terminated, in the arena: options of the file system */
};

/* index is the place in mounts[], for messages. */
int mount_options_parse(struct arena *a, const struct oci_mount *m, size_t index, struct mount_options *ret,
                        struct error *err);
/* The words it knows, for the features document; NULL-terminated. */
const char *const *mount_option_names(void);
