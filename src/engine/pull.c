// SPDX-License-Identifier: Apache-2.0
/*
 * engine/pull.c: an image that is not there, fetched by the program oakum-image before anything of the container is made; and one that is
 * there, held against the policy of signatures (by that program too, since `oakum run` has no cryptography for it).
 *
 * The program's progress goes to standard error, because standard output is the container's. Its one error comes back through a
 * pipe and becomes part of ours. A signal from the terminal reaches both, and nothing is half-made: what was fetched stays for the
 * next try.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/log.h"
#include "engine/engine_internal.h"
#include "image/policy.h"
#include "sys/file.h"
#include "sys/self.h"

#define PROGRAM "oakum-image"
#define REPORT_FD 3
#define REPORT_MAX ((size_t) 4096)

_noreturn_ static void child(const char *path, char *const *argv, int report)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* dup2() onto itself would leave close-on-exec where it is. */
    int high = fcntl(report, F_DUPFD, REPORT_FD + 1);
    if (high < 0 || dup2(high, REPORT_FD) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        _exit(126);
    sys_close_range(REPORT_FD + 1, UINT32_MAX, 0);
    execv(path, argv);
    _exit(127);
}

/* What it said, and whether it did it. */
static int wait_for(pid_t pid, int report, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int status = 0;
    int r = file_read_fd(report, "the pull's report", REPORT_MAX, &text, NULL, err);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return error_errno(err, -errno, "cannot wait for " PROGRAM);
    }
    if (r < 0)
        return r;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (!str_empty(text))
        return error_set(err, -EIO, "%s", text);
    if (WIFSIGNALED(status))
        return error_set(err, -EIO, PROGRAM " was killed by signal %d", WTERMSIG(status));
    return error_set(err, -EIO, PROGRAM " failed without a word (status %d)", WEXITSTATUS(status));
}

/* oakum-image with these words behind the global ones. */
static int run_program(const char *root, const char *const *words, size_t n, struct error *err)
{
    char path[PATH_MAX];
    const char *argv[24] = {
        PROGRAM, "--root", root, "--log-level", log_enabled(LOG_LEVEL_INFO) ? "info" : "warn",
    };
    size_t have = 5;
    int pair[2];
    int r = self_helper_path(PROGRAM, path, sizeof(path), err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n && have + 1 < ARRAY_LEN(argv); i++)
        argv[have++] = words[i];
    if (pipe2(pair, O_CLOEXEC) < 0)
        return error_errno(err, -errno, "cannot make a pipe");
    _cleanup_close_ int report = pair[0];
    pid_t pid = fork();
    if (pid == 0)
        child(path, (char *const *) argv, pair[1]);
    int code = -errno;
    close(pair[1]);
    return pid < 0 ? error_errno(err, code, "cannot start " PROGRAM) : wait_for(pid, report, err);
}

int engine_pull(const char *root, const char *image, const char *platform, bool quiet, struct error *err)
{
    const char *words[10] = { "pull", "--report-fd", "3" };
    size_t n = 3;
    if (quiet)
        words[n++] = "--quiet";
    if (platform != NULL) {
        words[n++] = "--platform";
        words[n++] = platform;
    }
    words[n++] = "--";
    words[n++] = image;
    return run_program(root, words, n, err);
}

int launch_pull(struct launch *l, struct error *err)
{
    return engine_pull(l->e->root, l->opt->image, l->opt->platform, l->opt->quiet, err);
}

int launch_verify(struct launch *l, struct error *err)
{
    _cleanup_policy_ struct policy *policy = NULL;
    struct policy_requirements required;
    struct reference ref;
    const char *name = l->image->source_name;
    if (name == NULL) /* made or loaded on this host, by its owner */
        return 0;
    int r = policy_load(NULL, &policy, err);
    if (r == 0)
        r = reference_parse(name, &ref, err);
    if (r < 0)
        return r;
    policy_find(policy, &ref, &required);
    if (policy_accepts_all(&required))
        return 0;
    const char *const words[] = {
        "verify", "--report-fd", "3", "--local", "--quiet", "--digest", l->image->manifest_digest,
        "--",     l->opt->image
    };
    return run_program(l->e->root, words, ARRAY_LEN(words), err);
}
