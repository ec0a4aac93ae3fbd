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
#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "sys/seal.h"
#include "sys/syscall.h"

/* 1: on, 0: this kernel has none that will do. */
static int landlock(const struct sandbox_options *o, struct error *err)
{
    const uint32_t reading = SEAL_READ_FILE | SEAL_READ_DIR;
    struct seal_dir *dirs = xcalloc(o->n_also + 1, sizeof(*dirs));
    dirs[0] = (struct seal_dir){ o->dir,
                                 o->read_only ? reading : SEAL_ALL & ~(SEAL_EXECUTE | SEAL_IOCTL_DEV) };
    for (size_t i = 0; i < o->n_also; i++)
        dirs[i + 1] = (struct seal_dir){ o->also[i], reading };
    int r = seal_landlock(dirs, o->n_also + 1, 2);
    free(dirs);
    return r < 0 ? error_errno(err, r, "cannot confine the worker: Landlock") : r;
}

/* --- capabilities --- */

static int drop_capabilities(const struct sandbox_options *o, struct error *err)
{
    uint64_t keep = 1ULL << CAP_DAC_READ_SEARCH;

    if (!o->read_only)
        keep = 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_CHOWN | 1ULL << CAP_FOWNER | 1ULL << CAP_FSETID |
               1ULL << CAP_SETFCAP;
    for (int cap = 0; cap < 64; cap++)
        if (!(keep >> cap & 1))
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); /* -EPERM without CAP_SETPCAP, -EINVAL above the last one */
    int r = seal_capabilities(keep);
    return r < 0 ? error_errno(err, r, "cannot confine the worker: capabilities") : 0;
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

/* A FIFO, or character device 0:0. */
static void allow_mknod(struct seal_filter *f)
{
    seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, SYS_mknodat, 0, 8);
    seal_filter_load_argument(f, 2);
    seal_filter_add(f, BPF_ALU | BPF_AND | BPF_K, S_IFMT, 0, 0);
    seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, S_IFIFO, 3, 0);
    seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, S_IFCHR, 0, 3);
    seal_filter_load_argument(f, 3);
    seal_filter_add(f, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    seal_filter_add(f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    seal_filter_add(f, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

static int filter_calls(const struct sandbox_options *o, struct error *err)
{
    struct seal_filter f;

    seal_filter_begin(&f);
    seal_filter_allow(&f, plain_calls, ARRAY_LEN(plain_calls));
    if (o->read_only) {
        seal_filter_allow(&f, reading_calls, ARRAY_LEN(reading_calls));
    } else {
        seal_filter_allow(&f, writing_calls, ARRAY_LEN(writing_calls));
        allow_mknod(&f);
    }
    seal_filter_allow_if(&f, SYS_mmap, 2, PROT_EXEC, 0);
    seal_filter_allow_if(&f, SYS_mprotect, 2, PROT_EXEC, 0);
    seal_filter_allow_if(&f, SYS_sendmsg, 0, UINT32_MAX, (uint32_t) o->message_fd);
    int r = seal_filter_install(&f);
    return r < 0 ? error_errno(err, r, "cannot confine the worker: seccomp") : 0;
}

static int limit(int what, uint64_t value, const char *name, struct error *err)
{
    struct rlimit l;

    if (getrlimit(what, &l) == 0 && l.rlim_max <= value)
        value = l.rlim_max; /* raising is not ours to do */
    l = (struct rlimit){ value, value };
    if (setrlimit(what, &l) < 0)
        return error_errno(err, -errno, "cannot confine the worker: %s", name);
    return 0;
}

static int set_limits(const struct sandbox_options *o, struct error *err)
{
    int r = SEAL_SANITIZED ? 0 : limit(RLIMIT_DATA, o->memory, "RLIMIT_DATA", err);

    if (r == 0)
        r = limit(RLIMIT_CORE, 0, "RLIMIT_CORE", err);
    if (r == 0)
        r = limit(RLIMIT_FSIZE, o->file_size, "RLIMIT_FSIZE", err);
    if (r == 0)
        r = limit(RLIMIT_NOFILE, 1024, "RLIMIT_NOFILE", err);
    return r;
}

/* From here on this process is who the container's root is, with its ids and rights: nobody on the host. */
static int become_root_of(int userns_fd, struct error *err)
{
    if (setns(userns_fd, CLONE_NEWUSER) < 0)
        return error_errno(err, -errno, "cannot enter the container's user namespace");
    /* Where ids are a single one's, the kernel keeps the groups as they are. */
    if (setgroups(0, NULL) < 0 && errno != EPERM)
        return error_errno(err, -errno, "cannot leave the groups of the host");
    if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
        return error_errno(err, -errno, "cannot become root of the container's user namespace");
    return 0;
}

int sandbox_enter(const struct sandbox_options *o, struct error *err)
{
    int entered = o->userns_fd >= 0 ? become_root_of(o->userns_fd, err) : 0;
    if (entered < 0)
        return entered;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_errno(err, -errno, "cannot confine the worker: prctl");
    if (sys_close_range((unsigned) o->last_fd + 1, UINT32_MAX, 0) < 0)
        return error_errno(err, -errno, "cannot confine the worker: close_range");
    /* Without them nothing is lost but depth: the filter knows no socket call but sendmsg on one descriptor. */
    if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0 && errno != EPERM && errno != EINVAL &&
        errno != ENOSPC)
        return error_errno(err, -errno, "cannot confine the worker: unshare");
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
            "cannot confine the worker: this kernel has no Landlock and chroot is not permitted");
    r = drop_capabilities(o, err);
    if (r == 0 && !SEAL_SANITIZED)
        r = filter_calls(o, err);
    return r;
}
