// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/pipes.c: a pipe that the caller made belongs to the caller's user, and /dev/stdout in the container opens it anew, as the
 * container's user: who is not its owner may not. So it is given to him. In a user namespace nobody inside may do that, since the owner
 * has no id there: the parent does it, outside.
 *
 * Only anonymous pipes, which live on pipefs: a named one is somebody's file.
 */
#include "runtime/pipes.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "confine/namespaces.h"

static bool is_anonymous_pipe(int fd)
{
    struct stat st;
    struct statfs fs;
    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}

int pipe_give(int fd, uint32_t uid, struct error *err)
{
    if (uid == (uint32_t) -1 || fchown(fd, uid, (gid_t) -1) == 0 || errno == EPERM || errno == EINVAL)
        return 0;
    return error_errno(err, -errno, "cannot give descriptor %d to the user", fd);
}

int pipes_give(uint32_t uid, struct error *err)
{
    int r = 0;
    for (int fd = 0; r == 0 && fd < 3; fd++)
        if (is_anonymous_pipe(fd))
            r = pipe_give(fd, uid, err);
    return r;
}

int pipes_give_outside(const struct oci_spec *spec, const struct oci_process *process, struct error *err)
{
    uint32_t uid = namespace_host_uid(spec, process->user.uid);
    return process->terminal || uid == 0 || uid == (uint32_t) -1 ? 0 : pipes_give(uid, err);
}
