// SPDX-License-Identifier: Apache-2.0
/*
 * How: stage by stage, each one taking away what the next one does not need any more; the seccomp filter comes last because
 * the stages before it make system calls that it forbids.
 *
 * Threat: a bug in a decompressor or in the tar reader that gives a layer's maker control of this process. What it finds:
 * the archive, one directory that will be thrown away unless the parent likes what it was told, one socket to the parent.
 * It should not be able to touch any other file of the host, nor to make a device node: mknodat is let through for FIFOs
 * and for overlay's whiteout (0:0) only.
 */
#include "image/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "sys/syscall.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the worker's filter knows x86-64 and arm64"
#endif

/* AddressSanitizer maps terabytes and its leak checker forks and traces: those two walls cannot stand around it. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* --- Landlock: constants of our own, the libc headers stop at ABI 2 --- */

#define LL_CREATE_RULESET 444
#define LL_ADD_RULE 445
#define LL_RESTRICT_SELF 446
#define LL_VERSION_FLAG 1U
#define LL_RULE_PATH_BENEATH 1
enum {
    LL_EXECUTE = 1 << 0,
    LL_WRITE_FILE = 1 << 1,
    LL_READ_FILE = 1 << 2,
    LL_READ_DIR = 1 << 3,
    LL_ALL_ABI_2 = (1 << 14) - 1, /* … remove, make of each kind, refer */
    LL_TRUNCATE = 1 << 14,        /* ABI 3 */
    LL_IOCTL_DEV = 1 << 15        /* ABI 5 */
};
#define LL_NET_TCP 3U /* ABI 4: bind, connect */
#define LL_SCOPES 3U  /* ABI 6: abstract unix sockets, signals */
struct ll_ruleset {
    uint64_t fs, net, scoped;
};
struct ll_path_beneath {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

/* 1: on, 0: this kernel has none that will do. */
static int landlock(const struct sandbox_options *o, struct error *err)
{
    long abi = syscall(LL_CREATE_RULESET, NULL, 0, LL_VERSION_FLAG);

    if (abi < 2)
        return 0;
    struct ll_ruleset rules = { .fs = LL_ALL_ABI_2 };
    size_t size = sizeof(rules.fs);
    if (abi >= 3)
        rules.fs |= LL_TRUNCATE;
    if (abi >= 4) {
        rules.net = LL_NET_TCP;
        size = offsetof(struct ll_ruleset, scoped);
    }
    if (abi >= 5)
        rules.fs |= LL_IOCTL_DEV;
    if (abi >= 6) {
        rules.scoped = LL_SCOPES;
        size = sizeof(rules);
    }
    struct ll_path_beneath beneath = { .fd = o->dir };
    beneath.allowed = o->read_only ? (uint64_t) (LL_READ_FILE | LL_READ_DIR)
                                   : rules.fs & ~(uint64_t) (LL_EXECUTE | LL_IOCTL_DEV);
    int fd = (int) syscall(LL_CREATE_RULESET, &rules, size, 0);
    if (fd < 0)
        return error_errno(err, -errno, "cannot confine the unpacking worker: Landlock ruleset");
    if (syscall(LL_ADD_RULE, fd, LL_RULE_PATH_BENEATH, &beneath, 0) < 0 ||
        syscall(LL_RESTRICT_SELF, fd, 0) < 0) {
        int code = -errno;
        close(fd);
        return error_errno(err, code, "cannot confine the unpacking worker: Landlock");
    }
    close(fd);
    return 1;
}

/* --- capabilities --- */

static int drop_capabilities(const struct sandbox_options *o, struct error *err)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };
    uint64_t keep = 1ULL << CAP_DAC_READ_SEARCH;

    if (!o->read_only)
        keep = 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_CHOWN | 1ULL << CAP_FOWNER | 1ULL << CAP_FSETID |
               1ULL << CAP_SETFCAP;
    if (syscall(SYS_capget, &header, data) < 0)
        return error_errno(err, -errno, "cannot confine the unpacking worker: capget");
    uint64_t have = data[0].permitted | (uint64_t) data[1].permitted << 32;
    for (int cap = 0; cap < 64; cap++)
        if (!(keep >> cap & 1))
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* -EPERM without CAP_SETPCAP, -EINVAL above the last one */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    keep &= have;
    data[0] = (struct __user_cap_data_struct){ .effective = (uint32_t) keep, .permitted = (uint32_t) keep };
    data[1] = (struct __user_cap_data_struct){ .effective = (uint32_t) (keep >> 32),
                                               .permitted = (uint32_t) (keep >> 32) };
    if (syscall(SYS_capset, &header, data) < 0)
        return error_errno(err, -errno, "cannot confine the unpacking worker: capset");
    return 0;
}

/* --- seccomp --- */

/* Calls that are let through whatever their arguments. */
static const int plain_calls[] = {
    SYS_read,       SYS_write,        SYS_pwrite64,       SYS_pread64,         SYS_lseek,
    SYS_close,      SYS_openat,       SYS_openat2,        SYS_fstat,           SYS_newfstatat,
    SYS_statx,      SYS_fstatfs,      SYS_ftruncate,      SYS_getdents64,      SYS_fcntl,
    SYS_dup,        SYS_brk,          SYS_munmap,         SYS_mremap,          SYS_madvise,
    SYS_futex,      SYS_getrandom,    SYS_sysinfo,        SYS_clock_gettime,   SYS_exit,
    SYS_exit_group, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_restart_syscall,
};
static const int reading_calls[] = { SYS_readlinkat, SYS_fgetxattr, SYS_flistxattr };
static const int writing_calls[] = { SYS_mkdirat,  SYS_symlinkat, SYS_linkat,    SYS_unlinkat, SYS_fchown,
                                     SYS_fchownat, SYS_fchmod,    SYS_fsetxattr, SYS_utimensat };

#define PROGRAM_MAX 160
struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short n;
};

static void add(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
    if (p->n < PROGRAM_MAX)
        p->code[p->n++] = (struct sock_filter) BPF_JUMP(code, k, yes, no);
}

static void load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t) offset, 0, 0);
}

static void verdict(struct program *p, uint32_t action)
{
    add(p, BPF_RET | BPF_K, action, 0, 0);
}

static void allow(struct program *p, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) calls[i], 0, 1);
        verdict(p, SECCOMP_RET_ALLOW);
    }
}

#define ARG(i) (offsetof(struct seccomp_data, args) + 8 * (i)) /* low half: both machines are little-endian */

/* The call is let through when (argument & mask) == value; anything else kills. */
static void allow_if(struct program *p, int call, int arg, uint32_t mask, uint32_t value)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t) call, 0, 5);
    load(p, ARG(arg));
    add(p, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    verdict(p, SECCOMP_RET_ALLOW);
    verdict(p, SECCOMP_RET_KILL_PROCESS);
}

/* A FIFO, or character device 0:0. */
static void allow_mknod(struct program *p)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_mknodat, 0, 8);
    load(p, ARG(2));
    add(p, BPF_ALU | BPF_AND | BPF_K, S_IFMT, 0, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, S_IFIFO, 3, 0);
    add(p, BPF_JMP | BPF_JEQ | BPF_K, S_IFCHR, 0, 3);
    load(p, ARG(3));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    verdict(p, SECCOMP_RET_ALLOW);
    verdict(p, SECCOMP_RET_KILL_PROCESS);
}

static int filter_calls(const struct sandbox_options *o, struct error *err)
{
    struct program p = { .n = 0 };

    load(&p, offsetof(struct seccomp_data, arch));
    add(&p, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
    verdict(&p, SECCOMP_RET_KILL_PROCESS);
    load(&p, offsetof(struct seccomp_data, nr));
    allow(&p, plain_calls, ARRAY_LEN(plain_calls));
    if (o->read_only) {
        allow(&p, reading_calls, ARRAY_LEN(reading_calls));
    } else {
        allow(&p, writing_calls, ARRAY_LEN(writing_calls));
        allow_mknod(&p);
    }
    allow_if(&p, SYS_mmap, 2, PROT_EXEC, 0);
    allow_if(&p, SYS_mprotect, 2, PROT_EXEC, 0);
    allow_if(&p, SYS_sendmsg, 0, UINT32_MAX, (uint32_t) o->message_fd);
    verdict(&p, SECCOMP_RET_KILL_PROCESS); /* x32 numbers too: none of the above has bit 30 set */
    if (p.n == PROGRAM_MAX)
        return error_set(err, -E2BIG, "cannot confine the unpacking worker: its filter is too long");
    struct sock_fprog prog = { .len = p.n, .filter = p.code };
    if (sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
        return error_errno(err, -errno, "cannot confine the unpacking worker: seccomp");
    return 0;
}

static int limit(int what, uint64_t value, const char *name, struct error *err)
{
    struct rlimit l;

    if (getrlimit(what, &l) == 0 && l.rlim_max <= value)
        value = l.rlim_max; /* raising is not ours to do */
    l = (struct rlimit){ value, value };
    if (setrlimit(what, &l) < 0)
        return error_errno(err, -errno, "cannot confine the unpacking worker: %s", name);
    return 0;
}

static int set_limits(const struct sandbox_options *o, struct error *err)
{
    int r = SANITIZED ? 0 : limit(RLIMIT_DATA, o->memory, "RLIMIT_DATA", err);

    if (r == 0)
        r = limit(RLIMIT_CORE, 0, "RLIMIT_CORE", err);
    if (r == 0)
        r = limit(RLIMIT_FSIZE, o->file_size, "RLIMIT_FSIZE", err);
    if (r == 0)
        r = limit(RLIMIT_NOFILE, 1024, "RLIMIT_NOFILE", err);
    return r;
}

int sandbox_enter(const struct sandbox_options *o, struct error *err)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_errno(err, -errno, "cannot confine the unpacking worker: prctl");
    if (sys_close_range((unsigned) o->last_fd + 1, UINT32_MAX, 0) < 0)
        return error_errno(err, -errno, "cannot confine the unpacking worker: close_range");
    /* Without them nothing is lost but depth: the filter knows no socket call but sendmsg on one descriptor. */
    if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0 && errno != EPERM && errno != EINVAL &&
        errno != ENOSPC)
        return error_errno(err, -errno, "cannot confine the unpacking worker: unshare");
    int r = set_limits(o, err);
    if (r < 0)
        return r;
    if (fchdir(o->dir) < 0)
        return error_errno(err, -errno, "cannot enter the directory to unpack into");
    bool walled = chroot(".") == 0;
    r = landlock(o, err);
    if (r < 0)
        return r;
    if (r == 0 && !walled)
        return error_set(
            err, -ENOSYS,
            "cannot confine the unpacking worker: this kernel has no Landlock and chroot is not permitted");
    r = drop_capabilities(o, err);
    if (r == 0 && !SANITIZED)
        r = filter_calls(o, err);
    return r;
}
