// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a foreground run blocks every signal that it would forward before the clone, so that none is lost in between, and
 * then takes them one by one with sigwaitinfo(2): no handlers, no self-pipe; a notify socket is listened to by poll until it has had its say. The container's end is one of them (SIGCHLD), which a
 * caller that ignores it would make the kernel keep to itself.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/start.h"
#include "sys/syscall.h"

/* What a person or a service manager sends to the foreground process. SIGKILL and SIGSTOP cannot be caught. */
static const int forwarded[] = {
    SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,  SIGUSR2, SIGALRM, SIGCONT,
    SIGTSTP, SIGTTIN, SIGTTOU, SIGURG,  SIGWINCH, SIGIO,   SIGPIPE,
};

#define SIGNALS_LAST 64

void signals_block(sigset_t *ret_old, sigset_t *ret_set)
{
    sigemptyset(ret_set);
    for (size_t i = 0; i < ARRAY_LEN(forwarded); i++)
        sigaddset(ret_set, forwarded[i]);
    sigaddset(ret_set, SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, ret_set, ret_old);
}

void signals_reset(void)
{
    /* The kernel's struct sigaction, all zero: SIG_DFL. libc's would leave out the signals that it keeps for itself. */
    const uint64_t action[8] = { 0 };
    for (int sig = 1; sig <= SIGNALS_LAST; sig++)
        syscall(SYS_rt_sigaction, sig, action, NULL, sizeof(uint64_t));
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int wait_reap(pid_t pid, int *ret_code)
{
    int status;
    pid_t got;
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    *ret_code = exit_code(status);
    return 0;
}

/* Until a signal is there to be taken, or at once when nothing is listened to. */
static int listen_meanwhile(const sigset_t *set, struct notify *notify, struct error *err)
{
    if (!notify || notify->fd < 0)
        return 0;
    _cleanup_close_ int signal_fd = signalfd(-1, set, SFD_CLOEXEC);
    if (signal_fd < 0)
        return error_errno(err, -errno, "cannot make a signal descriptor");
    while (notify->fd >= 0) {
        struct pollfd p[2] = { { .fd = signal_fd, .events = POLLIN },
                               { .fd = notify->fd, .events = POLLIN } };
        if (poll(p, ARRAY_LEN(p), -1) < 0 && errno != EINTR)
            return error_errno(err, -errno, "cannot wait for the container");
        /* What it said before its end comes first. */
        if (p[1].revents)
            notify_take(notify, getpid());
        else if (p[0].revents)
            return 0;
    }
    return 0;
}

int wait_forwarding(pid_t pid, int pidfd, const sigset_t *set, struct notify *notify, int *ret_code,
                    struct error *err)
{
    for (;;) {
        int r = listen_meanwhile(set, notify, err);
        if (r < 0)
            return r;
        /* The end of a process that ended before we came here is pending as SIGCHLD: it was blocked before the clone. */
        int status = 0, sig = sigwaitinfo(set, NULL);
        pid_t got = sig == SIGCHLD ? waitpid(pid, &status, WNOHANG) : 0;
        if (got == pid) {
            *ret_code = exit_code(status);
            return 0;
        }
        if (got < 0)
            return error_errno(err, -errno, "cannot wait for the container");
        /* A terminal sends its signals to the whole foreground group; the container is in a session of its own and needs ours. */
        if (sig > 0 && sig != SIGCHLD && sig != SIGPIPE && sig != SIGURG)
            sys_pidfd_send_signal(pidfd, sig, NULL, 0);
    }
}
