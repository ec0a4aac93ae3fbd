// SPDX-License-Identifier: Apache-2.0
/*
 * oakum-init: the first process of a container that was started with --init. It runs the container's program as its child, passes
 * signals on, and reaps what is orphaned to it, so that programs that were not written to be pid 1 leave no zombies. It ends
 * when its child does, with the same status. It is executed by descriptor from a read-only mount, holds no privileges of its own
 * (everything was dropped before) and allocates nothing.
 *
 *   oakum-init -- PROGRAM [ARG…]     exit status: the program's, 128+n for signal n, 126 not executable, 127 not found
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Signals that the program's own faults raise are not for it to get from us. */
static const int kept[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU };

static void complain(const char *name, int code)
{
    const char *parts[] = { "oakum-init: ", name, ": ", strerror(code), "\n" };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
            return;
}

static _Noreturn void run(char **argv)
{
    sigset_t none;
    /* In a group of its own and, with a terminal, in the foreground: Ctrl-C goes to the program, not to us. */
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(STDIN_FILENO, getpgrp());
    signal(SIGTTOU, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(argv[0], argv);
    int code = errno;
    complain(argv[0], code);
    _exit(code == ENOENT || code == ENOTDIR ? 127 : 126);
}

/* Reaps everything that has ended; the program's exit status once it has, else -1. */
static int reap(pid_t child)
{
    int status, result = -1;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == child)
            result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return result;
}

int main(int argc, char **argv)
{
    sigset_t all;
    if (argc < 3 || strcmp(argv[1], "--") != 0) {
        complain("usage: oakum-init -- PROGRAM [ARG...]", EINVAL);
        return 125;
    }
    sigfillset(&all);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        sigdelset(&all, kept[i]);
    sigprocmask(SIG_SETMASK, &all, NULL);
    pid_t child = fork();
    if (child < 0) {
        complain("fork", errno);
        return 125;
    }
    if (child == 0)
        run(argv + 2);
    for (;;) {
        int sig = sigwaitinfo(&all, NULL);
        if (sig == SIGCHLD) {
            int status = reap(child);
            if (status >= 0)
                return status;
        } else if (sig > 0) {
            kill(child, sig);
        }
    }
}
