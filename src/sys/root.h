// SPDX-License-Identifier: Apache-2.0
/*
 * sys/root.h: paths inside a container's root. Whoever made the image, or runs in the container, controls every name below the
 * root; symbolic links and `..` in it must never lead out. All walking is by openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
 * (kernel 5.6) from a descriptor of the root, all creation component by component below it, and what comes back is a
 * descriptor, never a path.
 *
 * A dangling link on the way of root_mkdir_all() or root_touch() is followed as the container would: what it points to is made.
 *
 * path is taken as inside the root whether it begins with '/' or not. Errors name the path as the container sees it.
 */
#pragma once

#include "base/error.h"
#include "sys/syscall.h"

/* Opens path with flags (O_PATH, O_RDONLY, O_DIRECTORY, O_NOFOLLOW…; O_CLOEXEC is added). Descriptor or negative errno. Retries -EAGAIN (a rename raced). err may be NULL for a probe. */
int root_open(int rootfd, const char *path, int flags, struct error *err);
/* O_PATH descriptor of the directory at path; missing components are made with mode, less the umask (mkdirat below the deepest that exists), in the root only. */
int root_mkdir_all(int rootfd, const char *path, mode_t mode, struct error *err);
/* O_PATH descriptor of the object at path; when missing, its parents are made and an empty regular file (0644) is created with O_EXCL. An existing one of any type is opened, never truncated. */
int root_touch(int rootfd, const char *path, struct error *err);
