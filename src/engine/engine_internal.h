// SPDX-License-Identifier: Apache-2.0
/* engine/engine_internal.h: what the files of the engine share. */
#pragma once

#include "confine/mounts.h"
#include "engine/engine.h"
#include "engine/spec_build.h"

struct engine {
    char *root, *state;
    bool create;
    int root_fd;                           /* -1: there is none, and it was not to be made */
    int containers_fd, names_fd, idmap_fd; /* -1 until used */
    struct runtime *rt;
};

enum engine_dir { ENGINE_CONTAINERS, ENGINE_NAMES, ENGINE_IDMAP };
/* Borrowed descriptor of one of the directories, made when the engine may; -ENOENT when it may not and there is none. */
int engine_dir(struct engine *e, enum engine_dir which, struct error *err);

/*
 * Opens and locks (LOCK_EX, LOCK_NB or not) a container's directory. wait_ms: how long to try while another oakum holds it; -1
 * does not lock at all. Descriptor, -ENOENT, or -EBUSY "is held by another oakum".
 */
int engine_open_container(struct engine *e, const char *id, int wait_ms, struct error *err);

/*
 * Takes away all that a container has: runtime state and cgroup (with kill), id range, name, directory, whose
 * lock the caller holds. record NULL: it cannot be read, then names and ranges are searched.
 */
int engine_teardown(struct engine *e, const char *id, const struct engine_record *record, bool ask_runtime,
                    struct error *err);

/* What a run needs of its image and host. */
struct launch {
    struct engine *e;
    const struct run_options *opt;
    struct arena *a;
    struct store_image *image;
    const char **layers; /* lowest first, the skeleton among them where it is wanted */
    size_t n_layers;
    const char **volumes; /* one a mount of opt, NULL where it is not a volume */
    char id[65], name[129];
    char *directory; /* of the container, absolute */
    int dirfd;
    uint32_t range_first, rootless_ids;
    bool range_claimed, name_claimed, upper;
    struct spec_joins joins;
    int namespaces[OCI_NS_KINDS]; /* descriptors of what joins names, -1: none */
    struct mount_given shm;       /* /dev/shm of the container whose ipc namespace is joined; fd -1: none */
    struct oci_pairs joined;      /* flag → id of the container that is joined */
    const char *ids_of; /* id of the container whose user namespace is joined, and its range shared; NULL */
    struct user_identity user;
    const char *user_source;
    struct oci_spec *spec;
    struct oci_pairs sources;
    struct engine_record *record;
};

/* image.c */
int launch_find_image(struct launch *l, struct error *err);
int launch_find_user(struct launch *l, struct error *err);
int launch_plan_root(struct launch *l, struct error *err);
/* After the record was written: -ENOENT when the image was removed meanwhile. */
int launch_keep_layers(struct launch *l, struct error *err);
/* pull.c: the image by oakum-image. */
int launch_pull(struct launch *l, struct error *err);
/* Asks the policy of the day about an image that came from a registry; by oakum-image, and only where something is asked for. */
int launch_verify(struct launch *l, struct error *err);
/* claims.c */
int launch_claim(struct launch *l, struct error *err);
int launch_make_files(struct launch *l, struct error *err);
/* joins.c: sets joins, namespaces, joined, ids_of, and range_first of the latter. */
int launch_resolve_joins(struct launch *l, struct error *err);
void launch_close_joins(struct launch *l);
/* launch_spec.c */
int launch_build_spec(struct launch *l, struct error *err);
int launch_write_record(struct launch *l, struct error *err);
