// SPDX-License-Identifier: Apache-2.0
/*
 * A label or a uid map that is written into a file that only looks like procfs is a confinement that is not there. So: the
 * descriptor of procfs is checked once, every file below it is opened without leaving it (no magic link, no mount on top), and what
 * was opened is checked again. Reading follows the same rule, because a decision hangs on the start time of a process.
 */
#include "sys/proc.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "base/parse.h"
#include "sys/mnt.h"

#define PROC_ROOT_INODE 1

static bool is_procfs(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

static bool is_procfs_root(int fd)
{
    struct stat st;
    return is_procfs(fd) && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
}

int proc_open(struct error *err)
{
    _cleanup_close_ int fd = openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, -errno, "cannot open /proc");
    if (!is_procfs_root(fd))
        return error_set(err, -EPERM, "/proc is not procfs: nothing may be written there");
    return TAKE_FD(fd);
}

int proc_open_private(struct error *err)
{
    /* Refused to who may not mount (a user namespace whose /proc is covered in places, a sandbox). */
    _cleanup_close_ int fd = mnt_new("proc", NULL, NULL,
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL);
    if (fd >= 0 && is_procfs_root(fd))
        return TAKE_FD(fd);
    return proc_open(err);
}

static int open_below(int procfd, const char *file, int flags)
{
    const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
    int fd = -1;
    for (int i = 0; i < 16 && fd < 0; i++) {
        fd = sys_openat2(procfd, file, (uint64_t) (flags | O_CLOEXEC | O_NOCTTY), 0, resolve);
        if (fd < 0 && errno != EAGAIN && errno != EINTR)
            break;
    }
    /* procfd is procfs, and RESOLVE_NO_XDEV stays on it: what was opened is procfs. */
    return fd < 0 ? -errno : fd;
}

int proc_write(int procfd, const char *file, const char *text, struct error *err)
{
    size_t len = strlen(text);
    ssize_t n;
    _cleanup_close_ int fd = open_below(procfd, file, O_WRONLY);
    if (fd == -EXDEV)
        return error_set(err, fd, "cannot write /proc/%s: something is mounted over it", file);
    if (fd < 0)
        return error_errno(err, fd, "cannot open /proc/%s", file);
    do
        n = write(fd, text, len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_errno(err, -errno, "cannot write \"%.80s\" to /proc/%s", text, file);
    if ((size_t) n != len)
        return error_set(err, -EIO, "the kernel took only a part of \"%.80s\" for /proc/%s", text, file);
    return 0;
}

/* The file's text in buf, NUL-terminated; length or negative errno. procfs makes such a short file in one piece. */
static ssize_t read_small(int fd, char *buf, size_t size)
{
    ssize_t n;
    do
        n = read(fd, buf, size - 1);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return n;
}

struct stat_fields {
    char state;       /* field 3 */
    int32_t parent;   /* field 4 */
    int32_t session;  /* field 6 */
    uint64_t start;   /* field 22 */
    uint64_t ignored; /* field 33 */
};

/* Fields are counted from the last ')' since the name before it is the process's own choice. */
static int read_stat_file(int procfd, const char *file, struct stat_fields *ret)
{
    char text[2048], *rest;
    _cleanup_close_ int fd = open_below(procfd, file, O_RDONLY);
    if (fd < 0)
        return fd == -ENOENT ? -ESRCH : fd;
    ssize_t n = read_small(fd, text, sizeof(text));
    if (n < 0)
        return n == -ENOENT ? -ESRCH : (int) n;
    rest = strrchr(text, ')');
    if (rest == NULL || rest[1] != ' ' || rest[2] == '\0')
        return -EBADMSG;
    rest += 2;
    ret->state = *rest;
    for (int field = 3; field <= 33; field++) {
        const char *value = strsep(&rest, " \n");
        if (value == NULL || (field == 4 && parse_i32(value, &ret->parent) < 0) ||
            (field == 6 && parse_i32(value, &ret->session) < 0) ||
            (field == 22 && parse_u64(value, &ret->start) < 0) ||
            (field == 33 && parse_u64(value, &ret->ignored) < 0))
            return -EBADMSG;
    }
    return 0;
}

static int read_stat(int procfd, pid_t pid, struct stat_fields *ret)
{
    char file[32];
    if (pid <= 0 || str_format(file, sizeof(file), "%d/stat", (int) pid) < 0)
        return -ESRCH;
    return read_stat_file(procfd, file, ret);
}

int proc_own_ignored(int procfd, uint64_t *ret)
{
    struct stat_fields f;
    int r = read_stat_file(procfd, "self/stat", &f);
    if (r >= 0)
        *ret = f.ignored;
    return r;
}

int proc_family(int procfd, pid_t pid, pid_t *ret_parent, pid_t *ret_session)
{
    struct stat_fields f;
    int r = read_stat(procfd, pid, &f);
    if (r < 0)
        return r;
    if (f.state == 'Z' || f.state == 'X')
        return -ESRCH;
    *ret_parent = f.parent;
    *ret_session = f.session;
    return 0;
}

int proc_start_time(int procfd, pid_t pid, uint64_t *ret, struct error *err)
{
    uint64_t ignored;
    return proc_start_and_ignored(procfd, pid, ret, &ignored, err);
}

int proc_start_and_ignored(int procfd, pid_t pid, uint64_t *ret_start, uint64_t *ret_ignored,
                           struct error *err)
{
    struct stat_fields f;
    int r = read_stat(procfd, pid, &f);
    if (r == -ESRCH)
        return error_set(err, r, "there is no process %d", (int) pid);
    if (r < 0)
        return error_errno(err, r, "cannot read the start time of process %d", (int) pid);
    *ret_start = f.start;
    *ret_ignored = f.ignored;
    return 0;
}

char proc_state(int procfd, pid_t pid, uint64_t start_time)
{
    struct stat_fields f;
    if (read_stat(procfd, pid, &f) < 0 || (start_time != 0 && f.start != start_time))
        return 0;
    return f.state;
}

int proc_pidfd(int procfd, pid_t pid, uint64_t start_time, struct error *err)
{
    uint64_t start = 0;
    _cleanup_close_ int fd = sys_pidfd_open(pid, 0);
    if (fd < 0 && errno == ESRCH)
        return error_set(err, -ESRCH, "there is no process %d", (int) pid);
    if (fd < 0)
        return error_errno(err, -errno, "cannot open process %d", (int) pid);
    /* Read after the pidfd was taken: if the number still has the start time now, it had it then. */
    int r = proc_start_time(procfd, pid, &start, err);
    if (r < 0)
        return r;
    if (start != start_time)
        return error_set(err, -ESRCH, "process %d is gone; its number belongs to another now", (int) pid);
    return TAKE_FD(fd);
}

int proc_open_namespaces(int procfd, pid_t pid, uint64_t start_time, const char *const *files, size_t count,
                         int *ret_fds, struct error *err)
{
    size_t n = 0;
    _cleanup_close_ int pidfd = proc_pidfd(procfd, pid, start_time, err);
    int r = pidfd < 0 ? pidfd : 0;
    for (; r == 0 && n < count; n++) {
        char file[48];
        r = str_format(file, sizeof(file), "%d/ns", (int) pid);
        _cleanup_close_ int dir = r < 0 ? r : open_below(procfd, file, O_RDONLY | O_DIRECTORY);
        /* The last step is a magic link, which is to be followed; it cannot be one of somebody's making. */
        ret_fds[n] = dir < 0 ? -1 : openat(dir, files[n], O_RDONLY | O_CLOEXEC);
        r = dir < 0 ? dir : ret_fds[n] < 0 ? -errno : 0;
        if (r < 0)
            break;
    }
    /* A number is not given away before its process is reaped: whoever can be signalled now had it all the time. */
    if (r == 0 && sys_pidfd_send_signal(pidfd, 0, NULL, 0) < 0)
        r = -errno;
    if (r == 0)
        return 0;
    while (n > 0)
        close(ret_fds[--n]);
    if (r == -ENOENT || r == -ESRCH)
        return error_set(err, -ESRCH, "process %d has ended", (int) pid);
    return pidfd < 0 ? r : error_errno(err, r, "cannot open the namespaces of process %d", (int) pid);
}

int proc_open_root(int procfd, pid_t pid, uint64_t start_time, struct error *err)
{
    char name[16];
    _cleanup_close_ int pidfd = proc_pidfd(procfd, pid, start_time, err);
    int r = pidfd < 0 ? pidfd : str_format(name, sizeof(name), "%d", (int) pid);
    if (r < 0)
        return r;
    _cleanup_close_ int dir = open_below(procfd, name, O_RDONLY | O_DIRECTORY);
    _cleanup_close_ int fd = dir < 0 ? dir : openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    r = dir < 0 ? dir : fd < 0 ? -errno : 0;
    if (r == 0 && sys_pidfd_send_signal(pidfd, 0, NULL, 0) < 0)
        r = -errno;
    if (r == -ENOENT || r == -ESRCH)
        return error_set(err, -ESRCH, "process %d has ended", (int) pid);
    return r < 0 ? error_errno(err, r, "cannot open the root of process %d", (int) pid) : TAKE_FD(fd);
}

int proc_boot_id(int procfd, char buf[static 37], struct error *err)
{
    char text[64];
    /* Not by open_below(): inside a container /proc/sys has mounts of its own, and this is a name, not a control. */
    _cleanup_close_ int fd = openat(procfd, "sys/kernel/random/boot_id",
                                    O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, -errno, "cannot open /proc/sys/kernel/random/boot_id");
    ssize_t n = read_small(fd, text, sizeof(text));
    if (n < 0)
        return error_errno(err, (int) n, "cannot read the boot id");
    if (strspn(text, "0123456789abcdef-") != 36)
        return error_set(err, -EBADMSG, "/proc/sys/kernel/random/boot_id does not hold a boot id");
    memcpy(buf, text, 36);
    buf[36] = '\0';
    return 0;
}
