// SPDX-License-Identifier: Apache-2.0
/*
 * sys/syscall.h: system calls and uapi constants that Debian 12's libc (2.36) and kernel headers (6.1) lack or do not wrap.
 * Each wrapper is the bare call: returns >= 0, or -1 and errno (as libc does). The kernel version that brought the call or
 * flag stands behind it. oakum's floor is 5.15; a caller that uses something newer probes.
 */
#pragma once

/* -Isrc makes this file stand before libc's of the same name. */
#include_next <sys/syscall.h>

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/util.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1 /* musl leaves it to linux/fs.h, which does not go with sys/mount.h */
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7, cgroup v2 only */
#endif
#ifndef PIDFD_NONBLOCK
#define PIDFD_NONBLOCK O_NONBLOCK
#endif

/* Numbers from 424 on are the same on every architecture, so that one that the build machine lacks can be given here. */
#ifndef __NR_pidfd_send_signal
#define __NR_pidfd_send_signal 424
#endif
#ifndef __NR_open_tree
#define __NR_open_tree 428
#endif
#ifndef __NR_move_mount
#define __NR_move_mount 429
#endif
#ifndef __NR_fsopen
#define __NR_fsopen 430
#endif
#ifndef __NR_fsconfig
#define __NR_fsconfig 431
#endif
#ifndef __NR_fsmount
#define __NR_fsmount 432
#endif
#ifndef __NR_pidfd_open
#define __NR_pidfd_open 434
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif
#ifndef __NR_close_range
#define __NR_close_range 436
#endif
#ifndef __NR_openat2
#define __NR_openat2 437
#endif
#ifndef __NR_mount_setattr
#define __NR_mount_setattr 442
#endif
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467
#endif

int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve); /* 5.6 */
/* statx: 1 when a mount begins at path, whose last component is not followed; 0 when not; -1. 5.8 */
int sys_is_mount_root(int dirfd, const char *path);
int sys_open_tree_attr(int dirfd, const char *path, unsigned flags, struct mount_attr *attr,
                       size_t size);                                                          /* 6.15 */
int sys_open_tree(int dirfd, const char *path, unsigned flags);                               /* 5.2 */
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags); /* 5.2 */
int sys_mount_setattr(int dirfd, const char *path, unsigned flags, struct mount_attr *attr,
                      size_t size);                                                  /* 5.12 */
int sys_fsopen(const char *fsname, unsigned flags);                                  /* 5.2 */
int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux); /* 5.2 */
int sys_fsmount(int fd, unsigned flags, unsigned attr_flags);                        /* 5.2 */
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags); /* 3.15 */
pid_t sys_clone3(struct clone_args *args, size_t size);                                        /* 5.3 */
int sys_pidfd_open(pid_t pid, unsigned flags);                                                 /* 5.3 */
int sys_pidfd_send_signal(int pidfd, int sig, siginfo_t *info, unsigned flags);                /* 5.1 */
int sys_close_range(unsigned first, unsigned last, unsigned flags);                            /* 5.9 */
int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags);
int sys_seccomp(unsigned op, unsigned flags, void *args);
long sys_keyctl(int op, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
int sys_bpf(int cmd, void *attr, unsigned size);
