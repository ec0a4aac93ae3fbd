// SPDX-License-Identifier: Apache-2.0
/*
 * sys/seal.h: what a process of ours gives up before it reads a hostile byte: the unpacking worker (image/sandbox.h) and a container's scribe
 * (monitor/seal.c). Containers are confined by confine/, from a specification; this is for programs whose needs are known when they
 * are written. All return 0 or -errno unless it says otherwise. Nothing here can be taken back.
 */
#pragma once

#include <linux/filter.h>

#include "base/util.h"

/* AddressSanitizer maps terabytes, and makes calls that are in no list: memory limits and filters cannot stand around it. */
#ifdef __SANITIZE_ADDRESS__
#define SEAL_SANITIZED true
#else
#define SEAL_SANITIZED false
#endif

/* Effective, permitted, inheritable and ambient: nothing but what is in keep (bits by number) and was there. */
int seal_capabilities(uint64_t keep);

/* --- Landlock (5.13); the numbers are the kernel's LANDLOCK_ACCESS_FS_*: Debian 12's headers stop at ABI 2 --- */

enum {
    SEAL_EXECUTE = 1 << 0,
    SEAL_WRITE_FILE = 1 << 1,
    SEAL_READ_FILE = 1 << 2,
    SEAL_READ_DIR = 1 << 3,
    SEAL_REMOVE_FILE = 1 << 5,
    SEAL_MAKE_REG = 1 << 8,
    SEAL_TRUNCATE = 1 << 14,  /* ABI 3 */
    SEAL_IOCTL_DEV = 1 << 15, /* ABI 5 */
    SEAL_ALL = (1 << 16) - 1,
};
struct seal_dir {
    int fd;
    uint32_t allowed; /* what the kernel's ABI does not know is left out */
};
/*
 * All that the ABI knows is taken: the file system but for dirs, TCP (ABI 4), abstract sockets and signals outwards (ABI 6).
 * 1; 0 and nothing done where the kernel's ABI is below min_abi or there is none; -errno.
 */
int seal_landlock(const struct seal_dir *dirs, size_t n, int min_abi);

/* --- seccomp: what is not allowed ends the process. Of this machine's own ABI only --- */

#define SEAL_FILTER_MAX 160
struct seal_filter {
    struct sock_filter code[SEAL_FILTER_MAX];
    unsigned short n;
};
void seal_filter_begin(struct seal_filter *f);
void seal_filter_allow(struct seal_filter *f, const int *calls, size_t n);
/* When (argument & mask) == value, of the argument's low half. A call may be given several values. */
void seal_filter_allow_if(struct seal_filter *f, int call, int arg, uint32_t mask, uint32_t value);
/* For what these do not say: between two of the above the accumulator holds the call's number. */
void seal_filter_add(struct seal_filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no);
void seal_filter_load_argument(struct seal_filter *f, int arg);
/* -E2BIG: it was too long, and nothing is installed. Needs no_new_privs. */
int seal_filter_install(struct seal_filter *f);
