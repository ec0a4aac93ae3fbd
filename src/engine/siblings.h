// SPDX-License-Identifier: Apache-2.0
/*
 * engine/siblings.h: many paths in one directory, as layers of a store are: their directory is opened once, and each is a name of one
 * component in it. The kernel walks the way to the store once, not once a layer (an image may have 500).
 */
#pragma once

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct siblings {
    int fd;           /* -1: there is no such directory, paths stay as they are */
    const char *path; /* borrowed: of one of them */
    size_t len;       /* of the directory's part of it, its slash included */
};

/* The directory of path. To be closed with siblings_close(). */
static inline struct siblings siblings_open(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct siblings s = { -1, path, slash != NULL ? (size_t) (slash - path) + 1 : 0 };
    char dir[4096];
    if (s.len <= 1 || s.len >= sizeof(dir))
        return s;
    memcpy(dir, path, s.len);
    dir[s.len] = '\0';
    s.fd = openat(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return s;
}

/* The descriptor that *ret_name goes with: path itself when it is somewhere else. */
static inline int siblings_at(const struct siblings *s, const char *path, const char **ret_name)
{
    bool inside = s->fd >= 0 && strncmp(path, s->path, s->len) == 0 && path[s->len] != '\0';
    *ret_name = inside ? path + s->len : path;
    return inside ? s->fd : AT_FDCWD;
}

static inline void siblings_close(struct siblings *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}
#define _cleanup_siblings_ __attribute__((cleanup(siblings_close)))
