// SPDX-License-Identifier: Apache-2.0
/*
 * sys/file.h: files of the host (state, store, configuration, cgroupfs), relative to directory descriptors. Not for paths inside
 * a container's root: those go through sys/root.h. Errors name the path. dirfd may be AT_FDCWD. All descriptors are O_CLOEXEC.
 */
#pragma once

/* -Isrc makes this file stand before libc's of the same name (flock). */
#include_next <sys/file.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "sys/syscall.h"

/* openat with O_CLOEXEC; returns the descriptor or a negative errno with message "cannot open PATH: …". */
int file_open(int dirfd, const char *path, int flags, mode_t mode, struct error *err);
/* Reads the whole file (regular, else -EINVAL or -EISDIR; at most max bytes: larger is -EFBIG). file_read_fd() takes what it is given, pipes too. *ret is NUL-terminated behind its *ret_len bytes; caller frees. Works on procfs/cgroupfs, whose size is 0. ret_len may be NULL. */
int file_read(int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct error *err)
    _warn_unused_;
int file_read_fd(int fd, const char *name, size_t max, char **ret, size_t *ret_len, struct error *err)
    _warn_unused_;
/*
 * A small regular file of ours, in three system calls: up to size - 1 bytes into buf, a NUL behind them. How many, or a negative errno without a
 * message; -EFBIG: there may be more.
 */
ssize_t file_read_small(int dirfd, const char *path, char *buf, size_t size) _warn_unused_;
/* One write(2) of text to an existing file (kernel interfaces: cgroupfs, procfs). No O_CREAT, no O_TRUNC. */
int file_write_value(int dirfd, const char *path, const char *text, struct error *err);
/* Replaces name with the data: temporary file beside it, written, optionally fsynced, renamed. Readers see the old or the new content, never a part. mode is exact: the umask does not matter. */
int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool sync,
                 struct error *err);
/* All len bytes, EINTR and short writes handled. 0 or negative errno. */
int write_all(int fd, const void *data, size_t len);
/* mkdir -p of path below dirfd with mode (less the umask) for every directory it makes; existing ones are left. Host paths only. */
int dir_make_all(int dirfd, const char *path, mode_t mode, struct error *err);
/* Opens a directory (O_RDONLY|O_DIRECTORY|O_NOFOLLOW), or negative errno with message. */
int dir_open(int dirfd, const char *path, struct error *err);
/*
 * Checks that a directory of ours is one that only we can write: owned by the effective uid, not group- or world-writable.
 * -EPERM with a sentence otherwise.
 */
int dir_check_private(int fd, const char *name, struct error *err);
/* Removes name below dirfd with everything in it; never follows a link, never crosses into another file system (mounted on it: -EBUSY). Absent is success. */
int tree_remove(int dirfd, const char *name, struct error *err);
/* Calls fn for each entry but . and .. (d_type may be DT_UNKNOWN); stops at non-zero, which is returned. */
int dir_each(int dirfd, const char *path,
             int (*fn)(int dirfd, const char *name, unsigned char type, void *arg), void *arg,
             struct error *err);
/* flock(LOCK_EX or LOCK_SH, optionally LOCK_NB) on an open file; EINTR handled. A lock dies with its holder. */
int file_lock(int fd, int operation, const char *name, struct error *err);
