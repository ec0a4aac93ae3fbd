// SPDX-License-Identifier: Apache-2.0
/* scan/catalog_internal.h: what the catalogers have at hand. Worker only. */
#pragma once

#include "scan/catalog.h"
#include "scan/layers.h"

/* Files that belong to a package of the distribution, by the hash of their path. */
struct owned {
    uint64_t *v;
    size_t n, cap;
    bool sorted;
};

struct reading {
    struct catalog *c;
    struct owned owned;
};

/* A file that is being looked at. */
struct found {
    const char *path; /* relative to the root */
    const char *name; /* its last component */
    int fd;
    uint64_t size;
    size_t layer;
};

#define PACKAGE_FILE_MAX (64u << 20) /* of a package database */
#define METADATA_FILE_MAX (1u << 20) /* of a language package's own */

/* /bin/x and /usr/bin/x are the same where /bin is a link: both are taken as the latter. */
void owned_add(struct owned *o, const char *path);
void owned_sort(struct owned *o);
bool owned_has(const struct owned *o, const char *path);

/* The whole file, NUL-terminated: -ENOENT when it is not there; else a note of `unreadable` was made for what is < 0. */
int read_member(struct reading *r, const struct merged_dir *dir, const char *dir_path, const char *name,
                size_t max, char **ret, size_t *ret_len, size_t *ret_layer);
/* size bytes at offset, all of them or -EINVAL (the end of the file) or -errno. */
int read_at(int fd, uint64_t offset, void *buf, size_t size);

void read_os_release(struct reading *r, const struct merged_dir *root);
void read_dpkg(struct reading *r, const struct merged_dir *root);
void read_apk(struct reading *r, const struct merged_dir *root);
/* "Name: value" lines up to an empty one: the value of one of them, in place (NUL-terminated), or NULL. text is not changed but there. */
char *header_value(char *text, const char *name);

/* Those return true when they have claimed the file (a component, or a note). */
bool read_python(struct reading *r, const struct found *f);
bool read_npm(struct reading *r, const struct found *f);
bool read_jar(struct reading *r, const struct found *f);
bool read_go(struct reading *r, const struct found *f);
