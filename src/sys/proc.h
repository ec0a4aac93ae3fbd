// SPDX-License-Identifier: Apache-2.0
/*
 * sys/proc.h: procfs through a descriptor that was checked to be procfs (CVE-2019-16884, CVE-2025-52881), and processes
 * by pidfd with their start time, so that a reused pid is never taken for the old process.
 */
#pragma once

#include "base/error.h"
#include "sys/syscall.h"

/* The host's /proc, opened O_PATH, verified by fstatfs to be PROC_SUPER_MAGIC and to be procfs's root (inode 1). Descriptor or negative errno. */
int proc_open(struct error *err);
/* A new detached procfs instance of the caller's pid namespace that nobody else can mount over (fsopen); falls back to proc_open(). */
int proc_open_private(struct error *err);
/* Writes text to file (e.g. "self/attr/exec", "1234/uid_map") below procfs: opened with RESOLVE_BENEATH|NO_MAGICLINKS|NO_XDEV, then fstatfs-checked. */
int proc_write(int procfd, const char *file, const char *text, struct error *err);
/* Start time (field 22 of stat, clock ticks since boot) of pid. 0 or -ESRCH. */
int proc_start_time(int procfd, pid_t pid, uint64_t *ret, struct error *err) _warn_unused_;
/* The same, and which of the signals 1 to 31 the process ignores (field 33; bit N-1 is signal N). */
int proc_start_and_ignored(int procfd, pid_t pid, uint64_t *ret_start, uint64_t *ret_ignored,
                           struct error *err) _warn_unused_;
/* The caller's own: signals 1 to 31 that it ignores. 0 or a negative errno. */
int proc_own_ignored(int procfd, uint64_t *ret) _warn_unused_;
/* Parent and session of a process that has not ended. 0, -ESRCH, or another errno. */
int proc_family(int procfd, pid_t pid, pid_t *ret_parent, pid_t *ret_session) _warn_unused_;
/* Process state letter of pid ('R', 'S', 'Z', 'X'…), 0 when there is none. start_time 0 = do not compare; otherwise another start time counts as none. */
char proc_state(int procfd, pid_t pid, uint64_t start_time);
/* A pidfd for pid if its start time is start_time; -ESRCH when it is gone or another. */
int proc_pidfd(int procfd, pid_t pid, uint64_t start_time, struct error *err);
/*
 * Descriptors of count namespace files ("user", "pid", "net"…: /proc/PID/ns/…) of the process that has this number and start time,
 * and of no other: it is held by a pidfd, and is asked after the opening whether it is there still. -ESRCH when it is gone or another.
 */
int proc_open_namespaces(int procfd, pid_t pid, uint64_t start_time, const char *const *files, size_t count,
                         int *ret_fds, struct error *err);
/* The same for its root directory, O_PATH. */
int proc_open_root(int procfd, pid_t pid, uint64_t start_time, struct error *err);
/* Boot id (36 characters and NUL) from sys/kernel/random/boot_id. */
int proc_boot_id(int procfd, char buf[static 37], struct error *err);
