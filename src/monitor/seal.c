// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/seal.c: what each of the two gives up before it looks at anything.
 *
 * Threat: the scribe reads bytes that a hostile container chose. Whoever gains control of it finds the log of that container and
 * how it ended, which were the container's to say anyway; no capability, no other file, no network, no new program. The keeper,
 * which must execute oakum with root's rights, reads none of the container's bytes; it gives up its capabilities so that a mistake
 * in it is not one of root's.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "monitor/internal.h"
#include "sys/syscall.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the scribe's filter knows x86-64 and arm64"
#endif

int seal_capabilities(uint64_t keep)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };
    if (syscall(SYS_capget, &header, data) < 0)
        return -errno;
    uint64_t have = data[0].permitted | (uint64_t) data[1].permitted << 32;
    keep &= have;
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){ .effective = (uint32_t) (keep >> 32 * i),
                                                   .permitted = (uint32_t) (keep >> 32 * i) };
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* --- Landlock: constants of our own, the headers stop at ABI 2 --- */

#define LL_CREATE_RULESET 444
#define LL_ADD_RULE 445
#define LL_RESTRICT_SELF 446
#define LL_ALL_ABI_1 ((1ull << 13) - 1)
#define LL_WRITE_FILE (1ull << 1)
#define LL_READ_FILE (1ull << 2)
#define LL_REMOVE_FILE (1ull << 5)
#define LL_MAKE_REG (1ull << 8)
#define LL_REFER (1ull << 13)     /* ABI 2 */
#define LL_TRUNCATE (1ull << 14)  /* ABI 3 */
#define LL_IOCTL_DEV (1ull << 15) /* ABI 5 */
struct ll_ruleset {
    uint64_t fs, net, scoped;
};
struct ll_path_beneath {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

static int landlock(void)
{
    long abi = syscall(LL_CREATE_RULESET, NULL, 0, 1u);
    if (abi < 1)
        return 0; /* this kernel has none; the filter has no call that it would be needed for but openat, renameat2, unlinkat */
    struct ll_ruleset rules = { .fs = LL_ALL_ABI_1 };
    size_t size = sizeof(rules.fs);
    uint64_t allowed = LL_WRITE_FILE | LL_READ_FILE | LL_REMOVE_FILE | LL_MAKE_REG;
    if (abi >= 2)
        rules.fs |= LL_REFER;
    if (abi >= 3)
        rules.fs |= LL_TRUNCATE, allowed |= LL_TRUNCATE;
    if (abi >= 4)
        rules.net = 3, size = offsetof(struct ll_ruleset, scoped);
    if (abi >= 5)
        rules.fs |= LL_IOCTL_DEV;
    if (abi >= 6)
        rules.scoped = 3, size = sizeof(rules);
    int fd = (int) syscall(LL_CREATE_RULESET, &rules, size, 0);
    int r = fd < 0 ? -errno : 0;
    for (int dir = MONITOR_FD_DIR; r == 0 && dir <= MONITOR_FD_STATE; dir++) {
        struct ll_path_beneath beneath = { .allowed = allowed, .fd = dir };
        if (syscall(LL_ADD_RULE, fd, 1, &beneath, 0) < 0)
            r = -errno;
    }
    if (r == 0 && syscall(LL_RESTRICT_SELF, fd, 0) < 0)
        r = -errno;
    if (fd >= 0)
        close(fd);
    return r;
}

/* --- seccomp --- */

static const uint32_t plain_calls[] = {
    SYS_read,          SYS_write,     SYS_pwrite64,  SYS_pread64,         SYS_lseek,
    SYS_close,         SYS_openat,    SYS_fstat,     SYS_newfstatat,      SYS_statx,
    SYS_ftruncate,     SYS_fallocate, SYS_splice,    SYS_ppoll,           SYS_recvmsg,
    SYS_sendmsg,       SYS_wait4,     SYS_renameat2, SYS_unlinkat,        SYS_fdatasync,
    SYS_flock,         SYS_munmap,    SYS_brk,       SYS_madvise,         SYS_fcntl,
    SYS_clock_gettime, SYS_nanosleep, SYS_exit,      SYS_exit_group,      SYS_rt_sigreturn,
    SYS_mremap,        SYS_futex,     SYS_getrandom, SYS_restart_syscall, SYS_rt_sigprocmask,
#ifdef SYS_poll
    SYS_poll,
#endif
};

#define PROGRAM_MAX 128
struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short n;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (p->n < PROGRAM_MAX)
        p->code[p->n++] = (struct sock_filter) BPF_JUMP(code, k, yes, no);
}

/* The call is let through when (argument & mask) == value; else it kills. The low half of the argument is looked at. */
static void allow_if(struct program *p, uint32_t call, size_t arg, uint32_t mask, uint32_t value)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 5);
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) (offsetof(struct seccomp_data, args) + 8 * arg), 0, 0);
    add(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

/* A sanitizer's own calls are not in the list. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define PIDFD_GET_INFO_NUMBER 0xc040ff0bu

static int filter_calls(void)
{
    struct program p = { .n = 0 };
    add(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
    add(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    for (size_t i = 0; i < ARRAY_LEN(plain_calls); i++) {
        add(&p, BPF_JMP | BPF_JEQ | BPF_K, plain_calls[i], 0, 1);
        add(&p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    }
    allow_if(&p, SYS_ioctl, 1, UINT32_MAX, PIDFD_GET_INFO_NUMBER);
    allow_if(&p, SYS_mmap, 2, PROT_EXEC, 0);
    allow_if(&p, SYS_mprotect, 2, PROT_EXEC, 0);
    add(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    if (p.n == PROGRAM_MAX)
        return -E2BIG;
    struct sock_fprog prog = { .len = p.n, .filter = p.code };
    return sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? -errno : 0;
}

int seal_scribe(bool dumpable)
{
    struct rlimit none = { 0, 0 };
    if (sys_close_range(MONITOR_FD_ERR + 1, UINT32_MAX, 0) < 0 ||
        prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    int r = landlock();
    if (r == 0)
        r = seal_capabilities(0);
    return r == 0 && !SANITIZED ? filter_calls() : r;
}
