// SPDX-License-Identifier: Apache-2.0
/*
 * engine/spec_build.h: from what a person asked, what an image says and what oakum's sealed defaults are, to the one OCI
 * specification that the runtime enforces. A pure function of its input, but for reading the device nodes that --device names.
 *
 * The defaults are the sealed table of the project's specification. Three starting points:
 *   sealed         the default
 *   compat docker  docker's: root, 14 capabilities, docker's profile, a writable root, no budgets; volumes are writable
 *   privileged     as sealed or compat docker, but every right on the host's own resources
 * A flag always wins over the starting point.
 *
 * Provenance: for each control that is not at its sealed default, sources says which flag, or what of the image, made it so.
 * engine/controls.h turns a specification and its sources into the table that `oakum inspect` shows.
 */
#pragma once

#include "confine/landlock.h"
#include "engine/options.h"
#include "engine/passwd.h"
#include "oci/image.h"

#define ENGINE_MEMORY_DEFAULT (512LL << 20)
#define ENGINE_PIDS_DEFAULT 256
#define ENGINE_NOFILE_DEFAULT 1024
#define ENGINE_SHM_DEFAULT (64LL << 20)
#define ENGINE_TMPFS_DEFAULT (64LL << 20)

#define ANNOTATION_NAME "org.oakum.name"
#define ANNOTATION_NETWORK "org.oakum.network" /* "bridge"; none otherwise */
#define ANNOTATION_IMAGE "org.oakum.image"

/* Namespaces of another container, for --network, --pid, --ipc, --uts container:X. NULL where not joined. */
struct spec_joins {
    const char *network, *pid, *ipc, *uts; /* paths such as /proc/123/ns/net, to be read by people: what is
                                              joined is given by descriptor (runtime/container.h) */
    const char *shm;  /* the same for /dev/shm of the container whose ipc namespace is joined */
    const char *user; /* of the container whose pid or ipc namespace is joined, if it has one of its own */
    const char *user_source;
};

struct spec_input {
    const struct run_options *opt;
    const char *id, *name; /* 64 hex digits; the container's name */

    /* the image */
    const char *image_name;
    const struct image_config *config;
    const char *const *layers; /* absolute directories, lowest first, at least one */
    size_t n_layers;

    struct user_identity user;
    const char *user_source; /* NULL: the sealed default */
    bool userns;             /* a user namespace of its own */
    uint32_t range_first;    /* its first host id */
    uint32_t rootless_ids; /* an ordinary user's: how many ids the containers of the user share; 0: root's */
    struct oci_id_maps rootless_uids, rootless_gids; /* each of them onto itself */
    unsigned budgets; /* rootless: bits of the cgroup controllers that there are; root: all */
    struct spec_joins joins;

    /* root file system: NULL upper is a read-only root made of the layers alone */
    const char *upper, *work;
    const char *const *volumes; /* for opt->mounts[i] of kind volume: its directory; NULL otherwise */

    /* seccomp: the text of the profile in docker's JSON format; NULL is unconfined */
    const char *seccomp_text, *seccomp_name;
    size_t seccomp_len;

    /* the host */
    uint64_t caps_held; /* capabilities in this process's bounding set */
    unsigned kernel_major, kernel_minor;
    const char *resolv, *hosts; /* what is laid over /etc/resolv.conf and /etc/hosts; NULL: nothing */
    bool host_mqueue;           /* /dev/mqueue of the host exists */
};

/*
 * *ret_spec is the caller's. ret_sources: control key → where its value came from; in the arena of the specification.
 */
int engine_spec_build(const struct spec_input *in, struct oci_spec **ret_spec, struct oci_pairs *ret_sources,
                      struct error *err);

/*
 * Of a container that is there (`oakum update`): what the flags of budgets in o change. now: what it has; into spec, an empty one, goes only
 * what is given, as container_update() takes it. sources: with the entries of what is changed, in spec's arena.
 */
int spec_resources_change(const struct run_options *o, const struct oci_resources *now, struct oci_spec *spec,
                          struct oci_pairs *sources, struct error *err);

/* The words that hold for these options. */
bool options_sealed(const struct run_options *o); /* neither compat docker nor privileged */
bool options_userns(const struct run_options *o); /* a user namespace is wanted */
bool options_read_only(const struct run_options *o);
/* Docker's process arguments: entrypoint and command of flags and image. -EINVAL when there is nothing to run. */
int options_arguments(const struct run_options *o, const struct image_config *config, struct arena *a,
                      struct oci_strings *ret, struct error *err);
/* Whether path is below one of the tmpfs mounts of these options (so that nothing has to be made in the root for it). */
bool options_on_tmpfs(const struct run_options *o, const char *path);
