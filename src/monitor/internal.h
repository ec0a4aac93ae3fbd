// SPDX-License-Identifier: Apache-2.0
/* monitor/internal.h: what keeper and scribe share besides monitor.h. */
#pragma once

#include "monitor/monitor.h"

/* From keeper to scribe: BEGIN with pidfd, memory.events and, with a terminal, its master; END when the container has ended. */
/* From scribe to keeper: DRAINED when all of its output is in the log. */
/* INPUT_END: nothing more is written to the container's standard input, by nobody. */
enum monitor_word { WORD_BEGIN = 'B', WORD_END = 'E', WORD_DRAINED = 'D', WORD_INPUT_END = 'I' };
struct monitor_message {
    uint32_t word;
    int32_t pid;
    uint64_t lost_lines, lost_bytes;
};
#define MESSAGE_FDS 3
int message_send(int fd, const struct monitor_message *m, const int *fds, size_t n);
/* 1: a message, 0: the other side is gone. *ret_n descriptors in fds (MESSAGE_FDS), O_CLOEXEC. */
int message_receive(int fd, struct monitor_message *m, int *fds, size_t *ret_n);

/*
 * How a process that is not our child (any more) has ended, from its pidfd: PIDFD_GET_INFO, kernel 6.15. -EAGAIN: not reaped yet;
 * -ENOTTY, -EINVAL: this kernel does not tell.
 */
int pidfd_exit_status(int pidfd, int *ret_status);
/* The same while nobody has reaped it, from /proc/PID/stat; needs CAP_SYS_PTRACE, or it is 0. -ESRCH. */
int proc_exit_status(int pidfd, pid_t pid, int *ret_status);
/*
 * The end of the process of pidfd, which is over: as its parent, as the pidfd tells it, or (look) from procfs. x->known says whether
 * somebody knew.
 */
void collect_end(int pidfd, pid_t pid, int oom_fd, bool look, struct monitor_exit *x);

/*
 * The end of the container, from a scribe whose keeper was killed to one that took over: STATE/note. Only that one knows whether it
 * will be started again, and so what the exit file has to say. note_read: false when there is none.
 */
int note_write(const struct monitor_exit *x);
bool note_read(struct monitor_exit *x);
/* Is the file of this name in STATE locked by somebody else? */
bool lock_held(const char *name);
/* Takes that lock until the process ends. */
int lock_take(const char *name);

/* Health checks (checks.c): when the next is due, and the one that is under way. */
struct checks {
    uint64_t every_ms, soon_ms; /* 0: there are none; no start period */
    int64_t next;               /* of the monotonic clock */
    pid_t pid;                  /* -1: none is under way */
    int pidfd;                  /* readable when it has ended */
};
void checks_begin(struct checks *c, const struct monitor_options *o);
/* Milliseconds until one is due; -1: there are none, or one is under way. */
int checks_left(const struct checks *c);
/* pid < 0: it could not be made, and is left out. */
void checks_started(struct checks *c, pid_t pid);
/* Reaps it. */
void checks_ended(struct checks *c);
/* The container has ended. */
void checks_stop(struct checks *c);

/* The scribe: all of it. Writes below the two directories only. */
int seal_scribe(bool dumpable);
