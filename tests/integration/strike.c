// SPDX-License-Identifier: Apache-2.0
/*
 * strike SIGNAL MICROSECONDS COMMAND...: starts COMMAND, sends it SIGNAL (a number) so many microseconds after its exec, waits for its
 * end and prints `exit N` or `signal N`. Prints `stuck`, kills it and fails when it is still there after 20 seconds.
 *
 * For killing a program at any point of a start that takes a few milliseconds: a shell's sleep is as long as all of it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 20

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: strike SIGNAL MICROSECONDS COMMAND...\n");
        return 2;
    }
    int sig = (int) strtol(argv[1], NULL, 10);
    double until = (double) strtol(argv[2], NULL, 10) / 1e6;

    /* A shell's background jobs ignore the first, what nohup starts the second; and so would the command. */
    signal(SIGINT, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    pid_t pid = vfork(); /* returns after the exec */
    if (pid == 0) {
        execv(argv[3], argv + 3);
        _exit(127);
    }
    sigprocmask(SIG_BLOCK, &chld, NULL);
    double start = now();
    while (now() - start < until)
        ; /* a sleep may be 60 µs late */
    kill(pid, sig);

    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now() - start > PATIENCE_S) {
            kill(pid, SIGKILL);
            puts("stuck");
            return 1;
        }
        sigtimedwait(&chld, NULL, &(struct timespec){ .tv_nsec = 100000000 });
    }
    if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else
        printf("exit %d\n", WEXITSTATUS(status));
    return 0;
}
