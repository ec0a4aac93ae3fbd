// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/terminal.c: see terminal.h. The guard is a process that does nothing but wait for our end: a terminal is not left in raw mode
 * when we are killed.
 */
#include "runtime/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

bool terminal_size(struct winsize *ret)
{
    for (int fd = 0; fd < 3; fd++)
        if (ioctl(fd, TIOCGWINSZ, ret) == 0)
            return true;
    return false;
}

static _noreturn_ void guard_main(int fd, const struct termios *saved)
{
    char c;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setpgid(0, 0); /* the terminal's Ctrl-C is not for us */
    while (read(fd, &c, 1) < 0 && errno == EINTR)
        ;
    signal(SIGTTOU, SIG_IGN);
    tcsetattr(STDIN_FILENO, TCSANOW, saved);
    _exit(0);
}

static int start_guard(struct terminal_raw_mode *raw, struct error *err)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    raw->guard = fork();
    if (raw->guard == 0) {
        close(p[1]);
        guard_main(p[0], &raw->saved);
    }
    close(p[0]);
    raw->guard_fd = p[1];
    return raw->guard < 0 ? error_errno(err, -errno, "cannot start the terminal's guard") : 0;
}

int terminal_raw(struct terminal_raw_mode *raw, struct error *err)
{
    *raw = (struct terminal_raw_mode){ .guard_fd = -1 };
    if (tcgetattr(STDIN_FILENO, &raw->saved) < 0)
        return 0; /* not a terminal: nothing to be changed */
    int r = start_guard(raw, err);
    if (r < 0)
        return r;
    struct termios t = raw->saved;
    cfmakeraw(&t);
    if (tcsetattr(STDIN_FILENO, TCSANOW, &t) < 0)
        return error_errno(err, -errno, "cannot put the terminal into raw mode");
    raw->on = true;
    return 0;
}

void terminal_restore(struct terminal_raw_mode *raw)
{
    if (raw->on)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw->saved);
    if (raw->guard_fd >= 0)
        close(raw->guard_fd); /* really: the guard waits for it */
    if (raw->guard > 0)
        while (waitpid(raw->guard, NULL, 0) < 0 && errno == EINTR)
            ;
}
