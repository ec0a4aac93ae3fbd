// SPDX-License-Identifier: Apache-2.0
/*
 * Bare calls. libc 2.36 wraps some of them, but not all and not on every libc; going through syscall(2) everywhere keeps one
 * way.
 */
#include "sys/syscall.h"

#include <errno.h>
#include <fcntl.h>

int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
    return (int) syscall(__NR_openat2, dirfd, path, &how, sizeof(how));
}

/* linux/stat.h does not go with musl's sys/stat.h. */
int sys_is_mount_root(int dirfd, const char *path)
{
    const uint64_t mount_root = 0x2000; /* STATX_ATTR_MOUNT_ROOT */
    struct {
        uint32_t mask, block_size;
        uint64_t attributes;
        uint8_t unused[40];
        uint64_t attributes_known;
        uint8_t rest[192];
    } answer;
    _Static_assert(sizeof(answer) == 256 && offsetof(typeof(answer), attributes_known) == 56, "struct statx");
    if (syscall(SYS_statx, dirfd, path, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &answer) < 0)
        return -1;
    if (!(answer.attributes_known & mount_root)) {
        errno = ENOSYS;
        return -1;
    }
    return (answer.attributes & mount_root) != 0;
}

int sys_open_tree_attr(int dirfd, const char *path, unsigned flags, struct mount_attr *attr, size_t size)
{
    return (int) syscall(__NR_open_tree_attr, dirfd, path, flags, attr, size);
}

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
    return (int) syscall(__NR_open_tree, dirfd, path, flags);
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    return (int) syscall(__NR_move_mount, from_fd, from, to_fd, to, flags);
}

int sys_mount_setattr(int dirfd, const char *path, unsigned flags, struct mount_attr *attr, size_t size)
{
    return (int) syscall(__NR_mount_setattr, dirfd, path, flags, attr, size);
}

int sys_fsopen(const char *fsname, unsigned flags)
{
    return (int) syscall(__NR_fsopen, fsname, flags);
}

int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
    return (int) syscall(__NR_fsconfig, fd, cmd, key, value, aux);
}

int sys_fsmount(int fd, unsigned flags, unsigned attr_flags)
{
    return (int) syscall(__NR_fsmount, fd, flags, attr_flags);
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
    return (int) syscall(__NR_pivot_root, new_root, put_old);
}

int sys_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return (int) syscall(__NR_renameat2, from_dir, from, to_dir, to, flags);
}

pid_t sys_clone3(struct clone_args *args, size_t size)
{
    return (pid_t) syscall(__NR_clone3, args, size);
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
    return (int) syscall(__NR_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags)
{
    return (int) syscall(__NR_pidfd_send_signal, pidfd, sig, info, flags);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
    return (int) syscall(__NR_close_range, first, last, flags);
}

int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
    return (int) syscall(__NR_execveat, dirfd, path, argv, envp, flags);
}

int sys_seccomp(unsigned op, unsigned flags, void *args)
{
    return (int) syscall(__NR_seccomp, op, flags, args);
}

long sys_keyctl(int op, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5)
{
    return syscall(__NR_keyctl, op, a2, a3, a4, a5);
}

int sys_bpf(int cmd, void *attr, unsigned size)
{
    return (int) syscall(__NR_bpf, cmd, attr, size);
}
