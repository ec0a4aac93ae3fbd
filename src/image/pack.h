// SPDX-License-Identifier: Apache-2.0
/*
 * image/pack.h: a directory as a tar archive whose bytes depend on nothing but what is in the directory. Worker only.
 *
 * Members in the byte order of their names, a directory before what is in it; pax format, extended records only where a
 * value does not fit the header; numeric owners; times to the nanosecond; hard links; xattrs user.* (not user.overlay.*)
 * and security.capability. Left out and counted: devices, sockets. What is mounted below the directory is left out, with
 * the mount point as an empty directory.
 *
 * Errors: -EINVAL for a name that would be a whiteout (".wh.…"), -EBUSY for a file that changed while it was read.
 */
#pragma once

#include <time.h>

#include "base/error.h"
#include "image/sha256.h"

struct pack_options {
    int dir, out;
    /*
     * Not 0: times from this second on become the newest time in the directory that is older. Packages' files have the
     * times of their build; what an installation made on the way has the time of the installation.
     */
    int64_t clamp_from;
    uint32_t
        ids_first; /* not 0: 65536 ids from this one on are written as those from 0 on; others as they are */
    uint64_t max_bytes, max_inodes;
    /*
     * For cp, of a container that may be running: what is mounted below is in it too, but for the kernel's own file systems (proc, sysfs, …,
     * empty directories then); names that begin with ".wh." are names; what vanishes while it is read is not there.
     */
    bool copy;
    const char *only; /* copy: of all that is in dir this name alone; NULL: dir itself */
    /*
     * Not -1: dir is the upper directory of an overlay. Its own marks are left out, and what is in this file, paths with a NUL behind each, becomes
     * whiteouts.
     */
    int removed;
    const char *as; /* copy: the member's name in place of only's, or of dir's, which is "." else */
};

struct pack_stats {
    uint64_t tar_bytes, bytes, inodes, left_out;
    struct timespec newest; /* time among what was written */
    char first_left_out[256];
    char hex[SHA256_HEX];
};

int pack_directory(const struct pack_options *o, struct pack_stats *ret, struct error *err) _warn_unused_;
