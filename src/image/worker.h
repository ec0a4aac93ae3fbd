// SPDX-License-Identifier: Apache-2.0
/*
 * image/worker.h: runs the sandboxed worker `oakum-unpack` on one archive or directory and checks what it says. Part of the
 * store; the engine does not need it.
 *
 * The program is looked for beside the running executable (a build tree) and then in the libexec directory that the build
 * was configured with; worker_set_dir() puts one directory before both (tests).
 */
#pragma once

#include "image/worker_proto.h"

struct worker_job {
    bool
        pack; /* in_fd is a directory that becomes a tar on copy_fd; else an archive that is unpacked into dir_fd */
    enum worker_expect expect;  /* an image archive's members are extracted as plain files */
    bool one_owner;             /* there is one id only: owners are not set */
    bool refuse_devices;        /* else they are left out and counted */
    int in_fd, dir_fd, copy_fd; /* copy_fd -1: the blob is not wanted */
    uint64_t max_bytes, max_inodes, max_ratio, ratio_floor;
    int64_t clamp_from; /* pack.h */
    uint64_t ids_first; /* pack.h */
    /* A copy (image/copy.h): pack.h and extract.h say what these are. */
    const char *only, *as; /* pack */
    bool copy, links_in_root, plain_modes;
    bool upper;    /* pack: in_fd is a container's own layer, and dir_fd a list of what is gone (pack.h) */
    int userns_fd; /* the worker is root of this user namespace, and nobody else; 0: it stays in ours */
};

void worker_set_dir(const char *dir);

/*
 * 0 and a result that is well-formed: digests are 64 hex digits (copy_hex "" without a copy), texts end, form and
 * compression are known. A failed job gives the worker's own code and message; a worker that was killed -EIO (and says by
 * what), a missing one -ENOENT.
 */
int worker_run(const struct worker_job *job, struct worker_result *ret, struct error *err) _warn_unused_;

/* The same in two steps, for two workers with a pipe between them. What begins is ended by worker_finish(), once, which frees it. */
struct worker;
int worker_begin(const struct worker_job *job, struct worker **ret, struct error *err) _warn_unused_;
int worker_finish(struct worker *w, struct worker_result *ret, struct error *err) _warn_unused_;
