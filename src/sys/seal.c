// SPDX-License-Identifier: Apache-2.0
#include "sys/seal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "sys/syscall.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "seal.c: the filter knows x86-64 and arm64"
#endif

int seal_capabilities(uint64_t keep)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };
    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    keep &= data[0].permitted | (uint64_t) data[1].permitted << 32;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){ .effective = (uint32_t) (keep >> 32 * i),
                                                   .permitted = (uint32_t) (keep >> 32 * i) };
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* --- Landlock --- */

#define VERSION_FLAG 1U
#define RULE_PATH_BENEATH 1
#define ALL_ABI_1 ((1u << 13) - 1)
#define REFER (1u << 13) /* ABI 2 */
#define NET_TCP 3U       /* ABI 4: bind, connect */
#define SCOPES 3U        /* ABI 6: abstract unix sockets, signals */
struct ruleset {
    uint64_t fs, net, scoped;
};
struct path_beneath {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

/* What the ABI knows; the size is that of the structure which it knows. */
static size_t handled(long abi, struct ruleset *ret)
{
    *ret = (struct ruleset){ .fs = ALL_ABI_1 };
    if (abi >= 2)
        ret->fs |= REFER;
    if (abi >= 3)
        ret->fs |= SEAL_TRUNCATE;
    if (abi >= 4)
        ret->net = NET_TCP;
    if (abi >= 5)
        ret->fs |= SEAL_IOCTL_DEV;
    if (abi >= 6)
        ret->scoped = SCOPES;
    return abi >= 6   ? sizeof(*ret)
           : abi >= 4 ? offsetof(struct ruleset, scoped)
                      : offsetof(struct ruleset, net);
}

int seal_landlock(const struct seal_dir *dirs, size_t n, int min_abi)
{
    struct ruleset rules;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
    if (abi < min_abi)
        return 0;
    size_t size = handled(abi, &rules);
    int fd = (int) syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    int r = fd < 0 ? -errno : 0;
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct path_beneath beneath = { .allowed = dirs[i].allowed & rules.fs, .fd = dirs[i].fd };
        if (syscall(SYS_landlock_add_rule, fd, RULE_PATH_BENEATH, &beneath, 0) < 0)
            r = -errno;
    }
    if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        r = -errno;
    if (fd >= 0)
        close(fd);
    return r < 0 ? r : 1;
}

/* --- seccomp --- */

void seal_filter_add(struct seal_filter *f, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (f->n < SEAL_FILTER_MAX)
        f->code[f->n++] = (struct sock_filter) BPF_JUMP(code, k, yes, no);
}

static void load(struct seal_filter *f, size_t offset)
{
    seal_filter_add(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void verdict(struct seal_filter *f, uint32_t action)
{
    seal_filter_add(f, BPF_RET | BPF_K, action, 0, 0);
}

void seal_filter_load_argument(struct seal_filter *f, int arg)
{
    load(f, offsetof(struct seccomp_data, args) + 8 * (size_t) arg); /* both machines are little-endian */
}

void seal_filter_begin(struct seal_filter *f)
{
    f->n = 0;
    load(f, offsetof(struct seccomp_data, arch));
    seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
    verdict(f, SECCOMP_RET_KILL_PROCESS);
    load(f, offsetof(struct seccomp_data, nr));
}

void seal_filter_allow(struct seal_filter *f, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) calls[i], 0, 1);
        verdict(f, SECCOMP_RET_ALLOW);
    }
}

void seal_filter_allow_if(struct seal_filter *f, int call, int arg, uint32_t mask, uint32_t value)
{
    seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) call, 0, 5);
    seal_filter_load_argument(f, arg);
    seal_filter_add(f, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    verdict(f, SECCOMP_RET_ALLOW);
    /* The number again, for what follows: the same call with another value, or the end. */
    seal_filter_add(f, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
}

int seal_filter_install(struct seal_filter *f)
{
    verdict(f, SECCOMP_RET_KILL_PROCESS); /* x32 numbers too: no call of ours has bit 30 set */
    if (f->n == SEAL_FILTER_MAX)
        return -E2BIG;
    struct sock_fprog prog = { .len = f->n, .filter = f->code };
    return sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}
