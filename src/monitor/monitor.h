// SPDX-License-Identifier: Apache-2.0
/*
 * monitor/monitor.h: what the engine and the monitor of a detached container agree on.
 *
 * A monitor is two processes of the one program oakum-monitor, so that either may be killed without a loss:
 *   keeper   the container's parent; reaps it, writes how it ended, decides about a restart. Executes oakum for whatever needs
 *            rights, and reads nothing that the container has written. Holds CAP_KILL only
 *            (CAP_SYS_PTRACE too, when it took over).
 *   scribe   reads the container's output and writes the log. Holds no capability, sealed by Landlock and seccomp.
 * The scribe is the keeper's parent at first and a subreaper: if the keeper is killed, the container becomes the scribe's child,
 * and the kernel tells the scribe how it ends. If the scribe is killed, the keeper starts another one.
 *
 * Files. In the store, containers/ID/monitor/ (0700): ID-json.log and its older parts, `exit` (how the present run ended; empty
 * until then), `stopped` (a person has ended it: no restart). Its flock is held by the keeper. In the state directory,
 * .monitor/ID/ (0700): the FIFO `ctl`, which wakes a waiting keeper, the scribe's journal and rings (monitor/journal.h), `scribe`
 * (locked by the scribe), `keeper` (locked by the keeper), `note` (from a scribe to a keeper that it has no connection to), `pipes` (which pipes are the container's).
 *
 * The pipes. The container's ends are open for reading too: a pipe without a monitor fills, and no write fails with EPIPE. Whoever
 * takes over opens the reading ends by /proc/PID/fd. They have no name, since Landlock would not let a container open /dev/stdout
 * again if they had one.
 */
#pragma once

#include "base/error.h"

/* Descriptors that both are executed with. */
enum {
    MONITOR_FD_SOCKET = 3, /* SOCK_SEQPACKET between the two */
    MONITOR_FD_DIR,        /* containers/ID/monitor */
    MONITOR_FD_STATE,      /* .monitor/ID */
    MONITOR_FD_EXIT,       /* the exit file, for writing */
    MONITOR_FD_OUT,        /* the reading ends of two pipes; /dev/null with a terminal */
    MONITOR_FD_ERR,
    MONITOR_FD_INPUT, /* the writing end of standard input, O_NONBLOCK; /dev/null without -i and with a terminal */
    MONITOR_FD_ATTACH, /* scribe: a socket of who has started it and is attached (monitor/attach.h); /dev/null without one */
    MONITOR_FD_OAKUM,  /* keeper: the program oakum, O_PATH */
    MONITOR_FD_PIDFD,  /* keeper: the container's first process */
    MONITOR_FD_OOM,    /* keeper: memory.events (memory.oom_control) of its cgroup; /dev/null without one */
    MONITOR_FD_MASTER, /* keeper: the pty's master; /dev/null without a terminal */
    MONITOR_FD_END
};

/* Names in the two directories. */
#define MONITOR_EXIT "exit"
#define MONITOR_LAST "last" /* in the state: the exit file of the run before, until this one has begun */
#define MONITOR_STOPPED "stopped"
#define MONITOR_SCRIBE "scribe"
#define MONITOR_KEEPER "keeper"
#define MONITOR_CTL "ctl"
#define MONITOR_SHUTDOWN \
    "shutdown" /* in the state directory: the host goes down; no restart, and no person's word against one either */
#define MONITOR_POLICY \
    "policy" /* in the state directory: the restart policy since the start, "POLICY MAX"; absent: as it was then */
#define MONITOR_AGAIN \
    "again" /* in the state directory: it is ended to be started again, whatever the policy is */

/* Exit status of `oakum monitor-event health`: the next check comes after the interval of the start period. */
#define MONITOR_CHECK_SOON 3

enum restart_policy { RESTART_NO, RESTART_ALWAYS, RESTART_UNLESS_STOPPED, RESTART_ON_FAILURE };

/* Where the output goes: into the log of its own, or to who keeps everybody's (monitor/sink.h). */
enum log_sink { LOG_SINK_FILE, LOG_SINK_JOURNALD, LOG_SINK_SYSLOG };

/* What both are told on their command line, as KEY=VALUE. */
struct monitor_options {
    uint64_t pid;         /* keeper: the container's first process */
    uint64_t adopted;     /* keeper: somebody else's child, whose monitor was killed */
    uint64_t policy, max; /* enum restart_policy; most restarts in a row for on-failure, 0: any number */
    uint64_t restarts;    /* so far */
    uint64_t backoff_ms;  /* before the last restart, 0: there was none */
    uint64_t
        dumpable; /* an ordinary user's: his namespace is found by these processes (confine/rootless.h) */
    uint64_t stdin_once;     /* standard input ends with who is attached */
    uint64_t no_log;         /* output is for who is attached, and for nobody else */
    uint64_t sink, facility; /* enum log_sink; of syslog(3), as 3 for daemon */
    uint64_t drop,
        buffer; /* sink: bytes that wait for it; more are not taken from the container or (drop) the oldest lines go */
    uint64_t timeout_s;                 /* 0: none. The container is killed when it has run that long */
    uint64_t health_ms, health_soon_ms; /* between health checks, 0: there are none; at first, 0: the same */
    uint64_t max_size, max_files;       /* of the log; 0: no rotation. max_files: with the newest one */
    const char *id, *root, *state;      /* of the engine */
    const char *program;                /* keeper: where oakum lies; it finds its helpers by that */
    const char *tag;                    /* scribe: for each line of the log; NULL: none */
    const char *attrs; /* scribe: K=V of labels and environment for each line, a line each; NULL: none */
    const char *name, *image; /* scribe: for journald */
};
#define MONITOR_WORDS_MAX 40 /* argv of either */
int monitor_options_parse(int argc, char **argv, struct monitor_options *ret);
/* Appends KEY=VALUE of what is not 0 to argv (size entries, NULL at the end), using buf. -ENAMETOOLONG when it does not fit. */
int monitor_options_format(const struct monitor_options *o, const char **argv, size_t argc, size_t size,
                           char *buf, size_t buf_size);

/*
 * The exit file: one line of JSON, written by one pwrite and so seen whole or not at all; who waits holds it open, so that the
 * removal of the container takes nothing away from him.
 */
struct monitor_exit {
    int64_t code;                    /* as a shell tells it; 255 when nobody knows */
    int64_t signal;                  /* 0: none */
    bool oom;                        /* the kernel has killed a process of it for lack of memory */
    bool known;                      /* the kernel has told code and signal */
    bool restart;                    /* it will be started again */
    bool timed_out;                  /* its time was over */
    uint64_t lost_lines, lost_bytes; /* of output, that could not be written to the log */
    const char *finished;            /* RFC 3339 */
};
#define MONITOR_EXIT_MAX 512
int monitor_exit_write(int fd, const struct monitor_exit *x);
/* wait status to code and signal. */
void monitor_exit_status(struct monitor_exit *x, int status);

/* docker's rule (see restart.c). ran_ms: how long it ran. *backoff_ms: in: before the last restart, out: before the next one. */
bool restart_decide(const struct monitor_options *o, const struct monitor_exit *x, bool stopped,
                    int64_t ran_ms, uint64_t *ret_backoff_ms);

/* The programs. */
int keeper_main(const struct monitor_options *o);
int scribe_main(const struct monitor_options *o);
