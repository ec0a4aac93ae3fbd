// SPDX-License-Identifier: Apache-2.0
/*
 * scan/layers.h: unpacked layers as the one tree that a container sees, without mounting anything.
 *
 * Whiteouts and opaque directories are overlay's (image/store.h). No symbolic link is ever followed: a name is opened in its
 * directory with O_NOFOLLOW, directory by directory from the layers' own descriptors, so nothing outside them can be reached,
 * and a package database that is a link to the host's is not read.
 */
#pragma once

#include "base/error.h"

#include <sys/stat.h>

#define LAYERS_MAX 512

/* A directory: those of the layers that have it, the highest first. */
struct merged_dir {
    int *fd;
    size_t *layer, n;
};
void merged_dir_close(struct merged_dir *d);

/* The root; layers lowest first, which stay the caller's. */
int merged_root(const int *layers, size_t n, struct merged_dir *ret, struct error *err) _warn_unused_;
/* A directory in d: 0, -ENOENT when there is none, another negative errno when there is one that cannot be read. */
int merged_child(const struct merged_dir *d, const char *name, struct merged_dir *ret) _warn_unused_;
/* As merged_child(), of a path "var/lib/dpkg". */
int merged_descend(const struct merged_dir *d, const char *path, struct merged_dir *ret) _warn_unused_;
/* A regular file in d for reading: descriptor, -ENOENT (also: it is a link, or something else), or why it cannot be read. */
int merged_open(const struct merged_dir *d, const char *name, size_t *ret_layer, struct stat *ret_st);

struct merged_entry {
    char *name;
    size_t layer;
    mode_t mode;
    off_t size;
};
/* What is in d, by name. The caller frees with merged_entries_free(). */
int merged_list(const struct merged_dir *d, struct merged_entry **ret, size_t *ret_n) _warn_unused_;
void merged_entries_free(struct merged_entry *e, size_t n);
