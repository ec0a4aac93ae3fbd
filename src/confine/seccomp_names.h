// SPDX-License-Identifier: Apache-2.0
/*
 * confine/seccomp_names.h: architectures and call names, for the other seccomp files only.
 *
 * Failure mode: a name never means nothing in silence. A call that nobody knows is -ENOENT, one that this architecture does not have
 * -EOPNOTSUPP (seccomp_call_number()), and the compiler decides: the first may be an error there, the second is no rule. An architecture
 * that nobody knows is -EINVAL; one that no process here can have is told apart, and left out.
 */
#pragma once

#include "confine/seccomp.h"

struct seccomp_arch_info {
    const char *oci;           /* "SCMP_ARCH_X86_64" */
    const char *docker;        /* as includes.arches spells it: "amd64" */
    uint32_t scmp;             /* libseccomp's token */
    uint32_t audit;            /* what seccomp_data.arch holds; x32 has x86-64's */
    enum seccomp_arch machine; /* of the kernel that can run it */
    bool words;                /* arguments are compared as 32-bit words */
};
extern const struct seccomp_arch_info seccomp_arches[SECCOMP_ARCHES];

/* 0 and *ret; 1: an architecture that oakum has no use for; -EINVAL: no such architecture. */
int seccomp_arch_parse(const char *name, enum seccomp_arch machine, enum seccomp_arch *ret);

/* i386's multiplexers. *ret_call is 102 (socketcall) or 117 (ipc), *ret_sub the sub-call in the low bits of argument 0. */
bool seccomp_multiplexed(const char *name, uint32_t *ret_call, uint32_t *ret_sub);
#define SECCOMP_SUBCALL_MASK 0xffffU

#define X32_BIT 0x40000000U
