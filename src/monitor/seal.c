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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "monitor/internal.h"
#include "sys/seal.h"
#include "sys/syscall.h"

/* Where there is none the filter has no call that it would be needed for but openat, renameat2, unlinkat. */
static int landlock(void)
{
    const uint32_t allowed = SEAL_WRITE_FILE | SEAL_READ_FILE | SEAL_REMOVE_FILE | SEAL_MAKE_REG |
                             SEAL_TRUNCATE;
    struct seal_dir dirs[MONITOR_FD_STATE - MONITOR_FD_DIR + 1];
    for (int i = 0; i < (int) ARRAY_LEN(dirs); i++)
        dirs[i] = (struct seal_dir){ MONITOR_FD_DIR + i, allowed };
    int r = seal_landlock(dirs, ARRAY_LEN(dirs), 1);
    return r < 0 ? r : 0;
}

static const int plain_calls[] = {
    SYS_waitid,         SYS_read,          SYS_write,     SYS_pwrite64,  SYS_pread64,
    SYS_lseek,          SYS_close,         SYS_openat,    SYS_fstat,     SYS_newfstatat,
    SYS_statx,          SYS_ftruncate,     SYS_fallocate, SYS_splice,    SYS_ppoll,
    SYS_recvmsg,        SYS_sendmsg,       SYS_wait4,     SYS_renameat2, SYS_unlinkat,
    SYS_fdatasync,      SYS_flock,         SYS_munmap,    SYS_brk,       SYS_madvise,
    SYS_fcntl,          SYS_clock_gettime, SYS_nanosleep, SYS_exit,      SYS_exit_group,
    SYS_rt_sigreturn,   SYS_mremap,        SYS_futex,     SYS_getrandom, SYS_restart_syscall,
    SYS_rt_sigprocmask, SYS_accept4,
#ifdef SYS_poll
    SYS_poll,
#endif
};

#define PIDFD_GET_INFO_NUMBER 0xc040ff0bu
#define TIOCSWINSZ_NUMBER 0x5414u

static int filter_calls(void)
{
    struct seal_filter f;
    seal_filter_begin(&f);
    seal_filter_allow(&f, plain_calls, ARRAY_LEN(plain_calls));
    seal_filter_allow_if(&f, SYS_ioctl, 1, UINT32_MAX, PIDFD_GET_INFO_NUMBER);
    seal_filter_allow_if(&f, SYS_ioctl, 1, UINT32_MAX, TIOCSWINSZ_NUMBER);
    seal_filter_allow_if(&f, SYS_mmap, 2, PROT_EXEC, 0);
    seal_filter_allow_if(&f, SYS_mprotect, 2, PROT_EXEC, 0);
    return seal_filter_install(&f);
}

int seal_scribe(bool dumpable)
{
    struct rlimit none = { 0, 0 };
    if (prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    int r = landlock();
    if (r == 0)
        r = seal_capabilities(0);
    return r == 0 && !SEAL_SANITIZED ? filter_calls() : r;
}
