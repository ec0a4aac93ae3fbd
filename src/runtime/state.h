// SPDX-License-Identifier: Apache-2.0
/* runtime/state.h: containers on disk (layout in runtime/container.h). Internal to runtime/. */
#pragma once

#include "runtime/container.h"

struct runtime {
    int fd;           /* the root directory */
    int seccomp_fd;   /* its .seccomp cache directory, -1 until it is used */
    const char *root; /* for messages */
    char *config;     /* what container_spec() read last; NULL: nothing */
    size_t config_len;
};

/* What state.json holds. Strings in arena. */
struct record {
    struct arena *arena;
    const char *id, *bundle, *rootfs, *created, *oci_version, *cgroup_path;
    pid_t pid;
    uint64_t start_time;
    uint32_t owner_uid;
    bool
        own_pidns; /* the container has a pid namespace of its own: when its init is gone, everything in it is */
    struct oci_pairs annotations;
};

int container_id_check(const char *id, struct error *err);
/* Opens a container's directory and locks it (LOCK_EX or LOCK_SH, | LOCK_NB): descriptor, or -ENOENT "does not exist" (the words that podman, containerd and cri-o look for), -EWOULDBLOCK. */
int state_open(struct runtime *rt, const char *id, int lock, struct error *err);
/* Makes and locks a new one: -EEXIST with message. */
int state_create(struct runtime *rt, const char *id, struct error *err);
/* Removes the directory with its files. */
int state_remove(struct runtime *rt, const char *id, int dirfd, struct error *err);
int state_write(int dirfd, const struct record *rec, struct error *err);
/* -ENOENT: not written yet (creating, or killed before). */
int state_read(int dirfd, struct record *ret, struct error *err);
/* From text, for tests. */
int state_parse(const char *text, size_t len, struct record *ret, struct error *err);
/* The cgroup's handle recorded by state_write_cgroup(); NULL if none. Caller frees. */
char *state_read_cgroup(int dirfd);
int state_write_cgroup(int dirfd, const char *path, struct error *err); /* once more: replaces it */
/* Is the process of rec there (not a zombie)? */
bool state_alive(const struct record *rec);
/* Is its cgroup frozen? */
bool state_frozen(const struct record *rec);
/* pause and update leave this mark: the cgroup may have joined hierarchies that whoever created it does not know. */
int state_mark_grown(int dirfd, struct error *err);
bool state_has_grown(int dirfd);
bool state_of_has_grown(int root_fd, const char *id); /* without opening its directory */
/* How often it was left; 0: never. */
off_t state_growth(int dirfd);
/* Thaws the cgroup if it is frozen; nobody is told of a failure. */
void container_thaw(const struct record *rec);
enum container_status state_status(int dirfd, const struct record *rec);
int state_read_config(int dirfd, char **ret, size_t *ret_len, struct error *err);
