// SPDX-License-Identifier: Apache-2.0
/*
 * image/tar.h: a reader of tar archives: v7, ustar, star, GNU (long names, base-256 numbers, old sparse files) and pax (with
 * GNU's sparse formats 0.0, 0.1 and 1.0). Worker only. Names are bytes and come out as they stand in the archive.
 *
 * Why not libarchive: its tar reader converts pax names by the locale. In a UTF-8 locale it composes them (two files whose
 * names differ only in normalisation become one), in the C locale each such name is a warning that cannot be told from
 * others. An image's file names must be on disk as docker, umoci and tar would write them, and a scanner must see what a
 * container sees. Where readers differ this one goes with Go's archive/tar, which docker, podman and containerd use:
 * global pax headers have no effect; links, directories, devices and FIFOs have no data whatever their size field says.
 *
 * Errors: -EINVAL with a sentence for what is damaged, cut off or not understood; -EFBIG for an extended header over 1 MiB.
 */
#pragma once

#include <time.h>

#include "image/stream.h"

enum tar_type { TAR_FILE, TAR_HARDLINK, TAR_SYMLINK, TAR_CHAR, TAR_BLOCK, TAR_DIR, TAR_FIFO };

struct tar_xattr {
    const char *name;
    const uint8_t *value;
    size_t len;
};

/* Valid until the next tar_next(). */
struct tar_entry {
    enum tar_type type;
    const char *name; /* never NULL; may be "" */
    const char *link; /* of TAR_HARDLINK and TAR_SYMLINK, else "" */
    uint32_t mode;    /* 07777 bits */
    uint32_t uid, gid;
    uint64_t size; /* of the file as it will be, holes included; 0 for what is no file */
    struct timespec mtime;
    const struct tar_xattr *xattrs; /* SCHILY.xattr.*; a later one of the same name counts */
    size_t n_xattrs;
};

struct tar;

/* The stream stays the caller's. */
struct tar *tar_new(struct stream *s) __attribute__((returns_nonnull));
void tar_free(struct tar *t);
/* The next member: 1, or 0 at the end of the archive. Data of the last one that was not read is left out. */
int tar_next(struct tar *t, struct tar_entry *ret, struct error *err) _warn_unused_;
/* The next piece of the member's data: where it belongs in the file, and the bytes. 1, or 0 when there is no more. */
int tar_data(struct tar *t, uint64_t *ret_offset, const uint8_t **ret, size_t *ret_len, struct error *err)
    _warn_unused_;
/* Was the end marked by a block of zeros? An archive that was cut off between two members is not. */
bool tar_end_marked(const struct tar *t);
