// SPDX-License-Identifier: Apache-2.0
/*
 * How: fork; the child puts the layers and a pipe in their places, gives up everything else (image/sandbox.h), reads, and writes the
 * catalog as JSON; the parent reads that, at most ANSWER_MAX bytes, and checks every member of it.
 *
 * Threat: package databases, ELF files and archives are parsed here, and whoever made the image has written them. A captured
 * child can lie about this image, and nothing else: it sees the layers, read-only, and a pipe.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "image/sandbox.h"
#include "scan/catalog.h"
#include "scan/layers.h"
#include "sys/file.h"

#define ANSWER_MAX (512u << 20)
#define MEMORY_MAX (256ULL << 20)
#define FD_PIPE 3
#define FD_LAYERS 4

static int place(const int *layers, size_t n, int pipe_fd)
{
    int high = FD_LAYERS + (int) n;
    int from = fcntl(pipe_fd, F_DUPFD_CLOEXEC, high);
    int *copies = xcalloc(n, sizeof(*copies));
    for (size_t i = 0; i < n; i++)
        if ((copies[i] = fcntl(layers[i], F_DUPFD_CLOEXEC, high)) < 0)
            return -errno;
    if (from < 0 || dup2(from, FD_PIPE) < 0)
        return -errno;
    for (size_t i = 0; i < n; i++)
        if (dup2(copies[i], FD_LAYERS + (int) i) < 0)
            return -errno;
    free(copies);
    return 0;
}

static int work(const int *layers, size_t n, int pipe_fd, struct error *err)
{
    struct catalog *c = NULL;
    int fds[LAYERS_MAX];
    int r = place(layers, n, pipe_fd);
    if (r < 0)
        return error_errno(err, r, "cannot place the scanning worker's descriptors");
    for (size_t i = 0; i < n; i++)
        fds[i] = FD_LAYERS + (int) i;
    struct sandbox_options so = {
        .dir = fds[0],
        .also = fds + 1,
        .n_also = n - 1,
        .read_only = true,
        .message_fd = FD_PIPE,
        .last_fd = FD_LAYERS + (int) n - 1,
        .userns_fd = -1,
        .memory = MEMORY_MAX,
    };
    json_object_seed(0); /* from the kernel's randomness, while it can be opened */
    r = sandbox_enter(&so, err);
    if (r == 0)
        r = catalog_read(fds, n, &c, err);
    if (r < 0)
        return r;
    _cleanup_json_ json_t *j = catalog_json(c);
    char *text = json_text(j, 0);
    return write_all(FD_PIPE, text, strlen(text));
}

_noreturn_ static void child(const int *layers, size_t n, int pipe_fd, pid_t parent)
{
    struct error err = { 0 };
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    if (getppid() != parent)
        _exit(124);
    int r = work(layers, n, pipe_fd, &err);
    if (r < 0 && err.msg[0] != '\0') {
        write_all(FD_PIPE, "!", 1);
        write_all(FD_PIPE, err.msg, strlen(err.msg));
    }
    _exit(r < 0 ? 123 : 0);
}

static int judge(int status, const char *answer, struct error *err)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFSIGNALED(status))
        return error_set(err, -EIO, "the scanning worker was killed by signal %d%s", WTERMSIG(status),
                         WTERMSIG(status) == SIGSYS ? ": it made a system call that its seal does not allow"
                                                    : "");
    if (WEXITSTATUS(status) == 125) /* base/util.h */
        return error_set(err, -ENOMEM,
                         "the scanning worker ran out of memory: the image needs more than %llu MiB",
                         MEMORY_MAX >> 20);
    return error_set(err, -EIO, "the scanning worker failed: %.500s",
                     answer[0] == '!' ? answer + 1 : "without a word");
}

int catalog_run(const int *layers, size_t n, struct catalog **ret, struct error *err)
{
    int pipe_fd[2], status = 0;
    _cleanup_free_ char *answer = NULL;
    size_t len = 0;
    if (n == 0 || n > LAYERS_MAX)
        return error_set(err, -EINVAL, "an image of %zu layers cannot be read (1 to %d)", n, LAYERS_MAX);
    if (pipe2(pipe_fd, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child(layers, n, pipe_fd[1], parent);
    int r = pid < 0 ? error_errno(err, -errno, "cannot start the scanning worker") : 0;
    close(pipe_fd[1]);
    if (r == 0)
        r = file_read_fd(pipe_fd[0], "the scanning worker's answer", ANSWER_MAX, &answer, &len, err);
    close(pipe_fd[0]);
    if (pid > 0) {
        if (r < 0)
            kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    if (r == 0)
        r = judge(status, answer, err);
    return r < 0 ? r : catalog_from_json(answer, len, n, ret, err);
}
