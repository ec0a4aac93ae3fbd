// SPDX-License-Identifier: Apache-2.0
/*
 * runtime/seccomp_agent.h: SCMP_ACT_NOTIFY with linux.seccomp.listenerPath and listenerMetadata: the listener of the container's
 * seccomp filter goes to an agent, with the container process state of the specification (config-linux.md), over the agent's
 * AF_UNIX stream socket. One connection a process (a startContainer hook is one); it is made before anything of the container exists, so an agent that is not there
 * refuses the start, and is closed as soon as the state was sent: when the filter is loaded, which for `create` is at `start`. Internal to runtime/.
 *
 * Failure mode: fail closed. No listenerPath, nobody listening, a state that cannot be sent, no room for one more thread (pids limit of 1):
 * the container does not start. A real-time process.scheduler beside NOTIFY is -ENOTSUP (the handing over could not be scheduled).
 * The profile may notify or forbid any call, also sendmsg and write: the calls between the filter's load and execve are answered by
 * the agent like all others, and the handing over itself takes none of the filtered process.
 */
#pragma once

#include "confine/seccomp.h"
#include "oci/spec.h"
#include "runtime/container.h"

struct seccomp_agent {
    int fd;           /* connection, -1: none is needed */
    const char *path; /* where it listens; borrowed from the specification or the environment */
    int proc_fd;      /* the host's procfs, borrowed: it tells the child its pid there */
    json_t *state;    /* the message, without the pid of the process */
    char *text;       /* child: the message */
    bool is_init;     /* the state's pid is this process's */
};
#define SECCOMP_AGENT_NONE      \
    {                           \
        .fd = -1, .proc_fd = -1 \
    }

/*
 * Parent: connects when the filter notifies, else does nothing (listenerPath is then ignored, as the specification says). st describes the
 * container: id, status, bundle, annotations, ociVersion, and pid, which is 0 when this process will be the container's first.
 */
int seccomp_agent_open(struct seccomp_agent *a, const struct oci_spec *spec,
                       const struct seccomp_filter *filter, const struct oci_process *p,
                       const struct container_state *st, int proc_fd, struct error *err);
/* Parent, where one was opened: another connection to the same agent, for a process that will have the same state. */
int seccomp_agent_connect(const struct seccomp_agent *a, struct error *err);
/* Child, still privileged, procfs descriptor still open: completes the message. */
int seccomp_agent_prepare(struct seccomp_agent *a, struct error *err);
/* Child: seccomp_filter_load(), and the listener handed over before it returns. */
int seccomp_agent_load(struct seccomp_agent *a, const struct seccomp_filter *filter, struct error *err);
/* Parent: as soon as the child has its copy. */
void seccomp_agent_close(struct seccomp_agent *a);
