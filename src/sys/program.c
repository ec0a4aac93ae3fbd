// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the program writes to a file in memory, so that it can neither be held up by us nor hold us up; the file is read when
 * the program has ended.
 */
#include "sys/program.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/syscall.h"

int program_find(const char *name, char **ret)
{
    const char *path = getenv("PATH") ?: DEFAULT_PATH;
    for (const char *p = path; *p != '\0';) {
        size_t n = strcspn(p, ":");
        _cleanup_free_ char *file = xasprintf("%.*s/%s", (int) n, p, name);
        if (p[0] == '/' && faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0) {
            *ret = TAKE_PTR(file);
            return 0;
        }
        p += n + (p[n] == ':');
    }
    return -ENOENT;
}

static _noreturn_ void child_main(const char *path, char *const argv[], int output)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(output, STDOUT_FILENO) >= 0 && sys_close_range(3, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0)
        execv(path, argv);
    _exit(127);
}

int program_output(const char *path, char *const argv[], size_t max, char **ret, size_t *ret_len,
                   int *ret_status, struct error *err)
{
    _cleanup_close_ int output = memfd_create("output", MFD_CLOEXEC);
    if (output < 0)
        return error_errno(err, -errno, "cannot run %s", path);
    struct clone_args args = { .exit_signal = SIGCHLD };
    pid_t pid = sys_clone3(&args, sizeof(args));
    if (pid == 0)
        child_main(path, argv, output);
    if (pid < 0)
        return error_errno(err, -errno, "cannot run %s", path);
    while (waitpid(pid, ret_status, 0) < 0)
        if (errno != EINTR)
            return error_errno(err, -errno, "cannot wait for %s", path);
    if (lseek(output, 0, SEEK_SET) < 0)
        return error_errno(err, -errno, "cannot read what %s wrote", path);
    return file_read_fd(output, path, max, ret, ret_len, err);
}
