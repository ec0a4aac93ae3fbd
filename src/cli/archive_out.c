// SPDX-License-Identifier: Apache-2.0
#include "cli/archive_out.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sys/file.h"

int archive_out(const char *file, int (*write)(void *arg, int out, struct error *err), void *arg,
                struct error *err)
{
    struct stat st;
    if (file == NULL)
        return write(arg, STDOUT_FILENO, err);
    if (fstatat(AT_FDCWD, file, &st, 0) == 0 && !S_ISREG(st.st_mode)) {
        _cleanup_close_ int fd = file_open(AT_FDCWD, file, O_WRONLY | O_NOCTTY, 0, err);
        return fd < 0 ? fd : write(arg, fd, err);
    }
    char unique[17];
    random_hex(unique, 8);
    _cleanup_free_ char *temporary = xasprintf("%s.%s.tmp", file, unique);
    _cleanup_close_ int fd = file_open(AT_FDCWD, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY, 0600,
                                       err);
    if (fd < 0)
        return fd;
    int r = write(arg, fd, err);
    if (r == 0 && renameat(AT_FDCWD, temporary, AT_FDCWD, file) < 0)
        r = error_errno(err, -errno, "cannot rename %s to %s", temporary, file);
    if (r < 0)
        unlinkat(AT_FDCWD, temporary, 0);
    return r;
}
