// SPDX-License-Identifier: Apache-2.0
/*
 * engine/passwd.h: who a container's process is: USER and --user against the image's own /etc/passwd and /etc/group.
 *
 * The files belong to whoever made the image. They are read from descriptors inside the image's directories, must be regular
 * files of at most 1 MiB, are parsed here (never by the C library's resolver, which could load code), and a line that is not
 * well-formed is skipped. What is number-like is a number or refused, never a name (CVE-2016-3697 and its successors).
 */
#pragma once

#include "base/error.h"
#include "oci/spec.h"

#define USER_SEALED 65532u /* nobody's id, by the custom of distroless images "nonroot" */
#define USER_ID_MAX 2147483647u

/* Where files of an image or of a running container are looked up. */
struct user_roots {
    const char *const
        *layers; /* directories of layers, lowest first; names in upper ones hide those in lower ones */
    size_t n_layers;
    int root_fd; /* or, with n_layers 0, one root directory */
};

struct user_identity {
    uint32_t uid, gid;
    uint32_t *gids; /* additional groups, the primary one first (CVE-2022-2989); in the arena */
    size_t n_gids;
    const char *home; /* "/" when the passwd file knows none */
    const char *name; /* NULL when the passwd file knows none */
};

/*
 * Resolves text ("", "name", "uid", "name:group", "uid:gid", …) and the groups of --group-add. "" is root, as in docker.
 * -EINVAL: not a user; -ENOENT: a name that the image's files do not have.
 */
int user_resolve(const struct user_roots *roots, struct arena *a, const char *text,
                 const struct oci_strings *group_add, struct user_identity *ret, struct error *err);
