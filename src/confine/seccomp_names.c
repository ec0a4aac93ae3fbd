// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: libseccomp's table of names (Debian 12: up to Linux 6.6) and below it ours of the calls that came later. New
 * calls get the same number on every architecture since 5.1, but for the few that exist on one only.
 *
 * Threat: a name that silently means nothing. "Unknown" is therefore told apart from "not on this architecture".
 */
#include "confine/seccomp_names.h"

#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>

const struct seccomp_arch_info seccomp_arches[SECCOMP_ARCHES] = {
    [SECCOMP_ARCH_X86_64] = { "SCMP_ARCH_X86_64", "amd64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64,
                              SECCOMP_ARCH_X86_64, false },
    [SECCOMP_ARCH_X86] = { "SCMP_ARCH_X86", "x86", SCMP_ARCH_X86, AUDIT_ARCH_I386, SECCOMP_ARCH_X86_64,
                           true },
    [SECCOMP_ARCH_X32] = { "SCMP_ARCH_X32", "x32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, SECCOMP_ARCH_X86_64,
                           true },
    [SECCOMP_ARCH_AARCH64] = { "SCMP_ARCH_AARCH64", "arm64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64,
                               SECCOMP_ARCH_AARCH64, false },
    [SECCOMP_ARCH_ARM] = { "SCMP_ARCH_ARM", "arm", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, SECCOMP_ARCH_AARCH64,
                           true },
};

static const char *const foreign_arches[] = {
    "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",   "SCMP_ARCH_MIPSEL",
    "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",         "SCMP_ARCH_PPC64",
    "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",       "SCMP_ARCH_PARISC",
    "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB",
};

const char *seccomp_arch_name(size_t i)
{
    for (unsigned arch = 0; arch < SECCOMP_ARCHES; arch++)
        if (seccomp_arches[arch].machine == SECCOMP_ARCH_NATIVE && i-- == 0)
            return seccomp_arches[arch].oci;
    return NULL;
}

int seccomp_arch_parse(const char *name, enum seccomp_arch machine, enum seccomp_arch *ret)
{
    if (str_eq(name, "SCMP_ARCH_NATIVE")) {
        *ret = machine;
        return 0;
    }
    for (unsigned i = 0; i < SECCOMP_ARCHES; i++)
        if (str_eq(name, seccomp_arches[i].oci)) {
            if (seccomp_arches[i].machine != machine)
                return 1;
            *ret = i;
            return 0;
        }
    for (size_t i = 0; i < ARRAY_LEN(foreign_arches); i++)
        if (str_eq(name, foreign_arches[i]))
            return 1;
    return -EINVAL;
}

#define ON(arch) (1U << SECCOMP_ARCH_##arch)
#define EVERYWHERE (ON(X86_64) | ON(X86) | ON(X32) | ON(AARCH64) | ON(ARM))

/* Calls that libseccomp 2.5.4+deb12u1 does not know, with the kernel that brought them. arches 0: of a machine that we do not run on. */
static const struct {
    const char *name;
    uint32_t number, arches;
} newer_calls[] = {
    { "uretprobe", 335, ON(X86_64) },         /* 6.11 */
    { "uprobe", 336, ON(X86_64) },            /* 6.18 */
    { "statmount", 457, EVERYWHERE },         /* 6.8 */
    { "listmount", 458, EVERYWHERE },         /* 6.8 */
    { "lsm_get_self_attr", 459, EVERYWHERE }, /* 6.8 */
    { "lsm_set_self_attr", 460, EVERYWHERE }, /* 6.8 */
    { "lsm_list_modules", 461, EVERYWHERE },  /* 6.8 */
    { "mseal", 462, EVERYWHERE },             /* 6.10 */
    { "setxattrat", 463, EVERYWHERE },        /* 6.13 */
    { "getxattrat", 464, EVERYWHERE },        /* 6.13 */
    { "listxattrat", 465, EVERYWHERE },       /* 6.13 */
    { "removexattrat", 466, EVERYWHERE },     /* 6.13 */
    { "open_tree_attr", 467, EVERYWHERE },    /* 6.15 */
    { "file_getattr", 468, EVERYWHERE },      /* 6.17 */
    { "file_setattr", 469, EVERYWHERE },      /* 6.17 */
    { "listns", 470, EVERYWHERE },            /* 6.19 */
    { "rseq_slice_yield", 471, EVERYWHERE },  /* 7.0 */
    { "riscv_hwprobe", 258, 0 },              /* 6.4 */
    { "riscv_flush_icache", 259, 0 },
};

/* The calls of i386 that are sub-calls of a multiplexer, and their direct numbers (0: none). */
static const struct {
    const char *name;
    uint16_t direct, call, sub;
} multiplexed[] = {
    { "socket", 359, 102, 1 },      { "bind", 361, 102, 2 },        { "connect", 362, 102, 3 },
    { "listen", 363, 102, 4 },      { "accept", 0, 102, 5 },        { "getsockname", 367, 102, 6 },
    { "getpeername", 368, 102, 7 }, { "socketpair", 360, 102, 8 },  { "send", 0, 102, 9 },
    { "recv", 0, 102, 10 },         { "sendto", 369, 102, 11 },     { "recvfrom", 371, 102, 12 },
    { "shutdown", 373, 102, 13 },   { "setsockopt", 366, 102, 14 }, { "getsockopt", 365, 102, 15 },
    { "sendmsg", 370, 102, 16 },    { "recvmsg", 372, 102, 17 },    { "accept4", 364, 102, 18 },
    { "recvmmsg", 337, 102, 19 },   { "sendmmsg", 345, 102, 20 },   { "semop", 0, 117, 1 },
    { "semget", 393, 117, 2 },      { "semctl", 394, 117, 3 },      { "semtimedop", 0, 117, 4 },
    { "msgsnd", 400, 117, 11 },     { "msgrcv", 401, 117, 12 },     { "msgget", 399, 117, 13 },
    { "msgctl", 402, 117, 14 },     { "shmat", 397, 117, 21 },      { "shmdt", 398, 117, 22 },
    { "shmget", 395, 117, 23 },     { "shmctl", 396, 117, 24 },
};

bool seccomp_multiplexed(const char *name, uint32_t *ret_call, uint32_t *ret_sub)
{
    for (size_t i = 0; i < ARRAY_LEN(multiplexed); i++)
        if (str_eq(name, multiplexed[i].name)) {
            *ret_call = multiplexed[i].call;
            *ret_sub = multiplexed[i].sub;
            return true;
        }
    return false;
}

int64_t seccomp_call_number(enum seccomp_arch arch, const char *name)
{
    int nr = seccomp_syscall_resolve_name_arch(seccomp_arches[arch].scmp, name);
    if (nr >= 0)
        return nr;
    if (nr != __NR_SCMP_ERROR) { /* libseccomp's stand-in for "a call, but not here" */
        for (size_t i = 0; arch == SECCOMP_ARCH_X86 && i < ARRAY_LEN(multiplexed); i++)
            if (multiplexed[i].direct != 0 && str_eq(name, multiplexed[i].name))
                return multiplexed[i].direct;
        return -EOPNOTSUPP;
    }
    for (size_t i = 0; i < ARRAY_LEN(newer_calls); i++)
        if (str_eq(name, newer_calls[i].name)) {
            if ((newer_calls[i].arches & (1U << arch)) == 0)
                return -EOPNOTSUPP;
            return newer_calls[i].number | (arch == SECCOMP_ARCH_X32 ? X32_BIT : 0);
        }
    return -ENOENT;
}

const char *seccomp_call_name(enum seccomp_arch arch, uint32_t number, char **ret_owned)
{
    *ret_owned = NULL;
    for (size_t i = 0; i < ARRAY_LEN(newer_calls); i++)
        if (number == (newer_calls[i].number | (arch == SECCOMP_ARCH_X32 ? X32_BIT : 0)) &&
            (newer_calls[i].arches & (1U << arch)) != 0)
            return newer_calls[i].name;
    if (number > INT32_MAX)
        return NULL;
    return *ret_owned = seccomp_syscall_resolve_num_arch(seccomp_arches[arch].scmp, (int) number);
}
