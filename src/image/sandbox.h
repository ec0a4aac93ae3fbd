// SPDX-License-Identifier: Apache-2.0
/*
 * image/sandbox.h: what an unpacking worker does to itself before it reads the first hostile byte. Worker only.
 *
 * After sandbox_enter() the process can read and write the descriptors that it holds, and make, change and remove things
 * below one directory. It has no network, cannot execute, fork, signal, trace, mount or map executable memory, has no
 * capability but those that give files their owners and modes, and is killed by the kernel at the first system call that
 * its work does not need. Its memory is capped, so that a bomb ends the worker and not the host.
 */
#pragma once

#include "base/error.h"

struct sandbox_options {
    int dir;         /* the only directory */
    const int *also; /* but for these, which are only read: the scanner's worker has an image's layers */
    size_t n_also;
    bool read_only; /* nothing in it is changed */
    int message_fd; /* the only socket on which it may send */
    int last_fd;    /* higher ones are closed */
    int userns_fd; /* -1, or the user namespace to be root of before anything else: no right is left outside of it */
    uint64_t memory;    /* bytes of data and heap */
    uint64_t file_size; /* largest file it may write */
};

/*
 * Mandatory: no_new_privs, capabilities, seccomp, resource limits, and at least one of chroot (needs CAP_SYS_CHROOT) and
 * Landlock (6.1's ABI 2, because the first one forbids hard links between directories). An error names the step.
 */
int sandbox_enter(const struct sandbox_options *o, struct error *err) _warn_unused_;
