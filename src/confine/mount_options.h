// SPDX-License-Identifier: Apache-2.0
/*
 * confine/mount_options.h: the option words of mounts[].options (runtime-spec config.md "mounts", and the words that crun and runc
 * add), sorted into what the mount API wants: attributes of the mount, propagation, and data for the file system.
 *
 * Failure mode: fail closed. A word that a bind mount does not know is an error; for a file system it is data, and the
 * kernel refuses what it does not know. A word that no kernel can honour ("rsync"), or that would be lost on a bind mount
 * ("sync"), is an error that names it.
 */
#pragma once

#include "oci/spec.h"

/* What is done besides mounting. */
enum {
    MOUNT_WAY_REMOUNT = 1,     /* "remount": changes the attributes of the mount that is there */
    MOUNT_WAY_COPY_UP = 2,     /* "tmpcopyup": a tmpfs that begins with what the root has there */
    MOUNT_WAY_COPY_LINK = 4,   /* "copy-symlink": a source that is a link is made anew as that link */
    MOUNT_WAY_SOURCE_LINK = 8, /* "src-nofollow": a source that is a link is itself mounted */
    MOUNT_WAY_TARGET_LINK = 16 /* "dest-nofollow": a target that is a link is itself covered */
};

struct mount_options {
    uint64_t set, clear;         /* MOUNT_ATTR_* of the top mount */
    uint64_t rec_set, rec_clear; /* of the whole tree (rro, rnosuid, …) */
    uint64_t propagation;        /* MS_SHARED MS_SLAVE MS_PRIVATE MS_UNBINDABLE, 0 = none said */
    bool propagation_rec;
    bool bind, bind_rec;               /* "bind" / "rbind" */
    bool idmap, idmap_rec;             /* "idmap" / "ridmap" */
    struct oci_id_maps uids, gids;     /* "idmap=uids=…;gids=…"; n 0 = none given. Both or none. */
    bool uids_relative, gids_relative; /* their host ids are the container's ('@') */
    unsigned ways;                     /* MOUNT_WAY_* */
    const char **data; /* NULL-terminated, in the arena, with room for one more: options of the file system */
};

/* index is the place in mounts[], for messages. */
int mount_options_parse(struct arena *a, const struct oci_mount *m, size_t index, struct mount_options *ret,
                        struct error *err);
/* The words it knows, for the features document; NULL-terminated. */
const char *const *mount_option_names(void);
