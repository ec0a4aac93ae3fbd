// SPDX-License-Identifier: Apache-2.0
/* monitor/message.c: the words between keeper and scribe, and how a process ended that is not our child. */
#include <errno.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "monitor/internal.h"
#include "sys/syscall.h"

int message_send(int fd, const struct monitor_message *m, const int *fds, size_t n)
{
    struct iovec iov = { .iov_base = (void *) (uintptr_t) m, .iov_len = sizeof(*m) };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * MESSAGE_FDS)];
    } control = { 0 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
    if (n > 0) {
        msg.msg_control = &control;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * n);
        memcpy(CMSG_DATA(&control.header), fds, sizeof(int) * n);
    }
    ssize_t r;
    do
        r = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
    return r < 0 ? -errno : 0;
}

int message_receive(int fd, struct monitor_message *m, int *fds, size_t *ret_n)
{
    struct iovec iov = { .iov_base = m, .iov_len = sizeof(*m) };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * MESSAGE_FDS)];
    } control;
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t r;
    *ret_n = 0;
    do
        r = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (r < 0 && errno == EINTR);
    struct cmsghdr *c = r > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
    if (c != NULL && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        *ret_n = MIN_OF((c->cmsg_len - CMSG_LEN(0)) / sizeof(int), (size_t) MESSAGE_FDS);
        memcpy(fds, CMSG_DATA(c), *ret_n * sizeof(int));
    }
    return r == (ssize_t) sizeof(*m) ? 1 : 0;
}

/* linux/pidfd.h of kernel 6.15. */
struct pidfd_info_v0 {
    uint64_t mask, cgroupid;
    uint32_t ids[11];
    int32_t exit_code;
};
#define PIDFD_INFO_EXIT_BIT 8u
#define PIDFD_GET_INFO_CALL _IOWR(0xFF, 11, struct pidfd_info_v0)

int pidfd_exit_status(int pidfd, int *ret_status)
{
    struct pidfd_info_v0 info = { .mask = PIDFD_INFO_EXIT_BIT };
    if (ioctl(pidfd, PIDFD_GET_INFO_CALL, &info) < 0)
        return errno == ESRCH ? -ENOTTY : -errno; /* before 6.15 a process that is gone has no info at all */
    if (!(info.mask & PIDFD_INFO_EXIT_BIT))
        return -EAGAIN;
    *ret_status = info.exit_code;
    return 0;
}

int proc_exit_status(int pidfd, pid_t pid, int *ret_status)
{
    char path[32], text[1024];
    unsigned status = 0;
    if (str_format(path, sizeof(path), "/proc/%d/stat", (int) pid) < 0)
        return -EINVAL;
    _cleanup_close_ int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (n <= 0)
        return -ESRCH;
    text[n] = '\0';
    const char *behind = strrchr(text, ')'), *last = strrchr(text, ' ');
    /* Still the process of pidfd, since that is there: so the number was not given to another one. */
    if (behind == NULL || last == NULL || strncmp(behind, ") Z ", 4) != 0 ||
        sys_pidfd_send_signal(pidfd, 0, NULL, 0) < 0)
        return -ESRCH;
    for (const char *p = last + 1; *p >= '0' && *p <= '9'; p++)
        status = status * 10 + (unsigned) (*p - '0');
    *ret_status = (int) status;
    return 0;
}

static bool oom_killed(int fd)
{
    char text[512];
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0)
        return false;
    text[n] = '\0';
    /* "oom_kill 0\n"; another key that begins so is oom_kill_disable, of version 1. */
    for (const char *p = text; (p = strstr(p, "oom_kill ")) != NULL; p += 9)
        if (p == text || p[-1] == '\n')
            return p[9] != '0';
    return false;
}

#define REAP_MS 2000

void collect_end(int pidfd, pid_t pid, int oom_fd, bool look, struct monitor_exit *x)
{
    int status = 0;
    x->oom = oom_killed(oom_fd);
    x->known = false;
    x->code = 255;
    for (int waited = 0; waited <= REAP_MS; waited += 5) {
        pid_t got = waitpid(pid, &status, WNOHANG);
        int r = got == pid ? 0 : pidfd_exit_status(pidfd, &status);
        if (r < 0 && got < 0 && look)
            r = proc_exit_status(pidfd, pid, &status) == 0 ? 0 : r;
        if (r == 0) {
            monitor_exit_status(x, status);
            return;
        }
        if (got < 0 && r != -EAGAIN)
            return; /* not our child, and this kernel does not tell */
        poll(NULL, 0, 5);
    }
}

struct end_note {
    uint32_t version, known, oom;
    int64_t code, signal;
    uint64_t lost_lines, lost_bytes;
};
#define NOTE_VERSION 1

int note_write(const struct monitor_exit *x)
{
    const struct end_note note = { NOTE_VERSION, x->known,      x->oom,       x->code,
                                   x->signal,    x->lost_lines, x->lost_bytes };
    _cleanup_close_ int fd = openat(MONITOR_FD_STATE, "note", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                                    0600);
    return fd < 0 ? -errno : pwrite(fd, &note, sizeof(note), 0) == (ssize_t) sizeof(note) ? 0 : -EIO;
}

bool note_read(struct monitor_exit *x)
{
    struct end_note note;
    _cleanup_close_ int fd = openat(MONITOR_FD_STATE, "note", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || pread(fd, &note, sizeof(note), 0) != (ssize_t) sizeof(note) || note.version != NOTE_VERSION)
        return false;
    x->known = note.known != 0;
    x->oom = note.oom != 0;
    x->code = note.code;
    x->signal = note.signal;
    x->lost_lines = note.lost_lines;
    x->lost_bytes = note.lost_bytes;
    return true;
}

bool lock_held(const char *name)
{
    _cleanup_close_ int fd = openat(MONITOR_FD_STATE, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
}

int lock_take(const char *name)
{
    int fd = openat(MONITOR_FD_STATE, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return fd < 0 || flock(fd, LOCK_EX) < 0 ? -errno : 0;
}
