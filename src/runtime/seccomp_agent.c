// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: when the filter is loaded its process can count on no system call any more: the profile may refuse sendmsg, or
 * make it wait for an agent that does not have the listener yet. So a second thread is started first; it has no filter (filters
 * are the thread's that loads them) but the same memory and descriptors. The first thread loads the filter and writes the
 * listener's number into memory; the second sends it with the state, closes both descriptors and ends; the first, which has made no
 * call meanwhile, goes on when the kernel clears the word that stands for the second. Both have the same credentials, both are
 * undumpable, and of two threads there is one again before the next step.
 *
 * Threats: a container that runs while nobody answers its notifications; a listener that is kept open inside, through which the
 * container could answer itself.
 */
#include "runtime/seccomp_agent.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/parse.h"
#include "confine/scheduler.h"
#include "runtime/annotations.h"
#include "sys/syscall.h"

/* ---- parent ---- */

static int connect_agent(const char *path, struct error *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(addr.sun_path))
        return error_set(err, -ENAMETOOLONG,
                         "linux.seccomp.listenerPath: %.200s is too long for a socket path", path);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        return error_errno(err, -errno, "linux.seccomp.listenerPath: cannot connect to %s", path);
    return TAKE_FD(fd);
}

int seccomp_agent_open(struct seccomp_agent *a, const struct oci_spec *spec,
                       const struct seccomp_filter *filter, const struct oci_process *p,
                       const struct container_state *st, int proc_fd, struct error *err)
{
    const struct oci_seccomp *sec = &spec->linux_.seccomp;
    const char *path = sec->listener_path ?: oci_pairs_get(&spec->annotations, ANNOTATION_SECCOMP_RECEIVER);
    if (!filter->has_notify)
        return 0;
    if (!path && (path = getenv(SECCOMP_RECEIVER_VARIABLE)) != NULL && path[0] != '/')
        return error_set(err, -EINVAL, SECCOMP_RECEIVER_VARIABLE ": is not an absolute path");
    if (str_empty(path))
        return error_set(err, -EINVAL, "linux.seccomp.listenerPath: is needed for SCMP_ACT_NOTIFY");
    if (scheduler_is_realtime(p))
        return error_set(err, -ENOTSUP,
                         "process.scheduler: %s beside SCMP_ACT_NOTIFY is not possible in this version",
                         p->scheduler.policy);
    a->fd = connect_agent(path, err);
    if (a->fd < 0)
        return a->fd;
    a->path = path;
    a->proc_fd = proc_fd;
    a->is_init = st->pid == 0;
    json_t *fds = json_array(), *state = container_state_to_json(st);
    json_array_append_new(fds, json_string("seccompFd"));
    json_object_del(state, "owner"); /* ours, not the specification's */
    a->state = json_object();
    json_object_set_new(a->state, "ociVersion", json_string(st->oci_version));
    json_object_set_new(a->state, "fds", fds);
    if (sec->listener_metadata)
        json_object_set_new(a->state, "metadata", json_string(sec->listener_metadata));
    json_object_set_new(a->state, "state", state);
    return 0;
}

int seccomp_agent_connect(const struct seccomp_agent *a, struct error *err)
{
    return connect_agent(a->path, err);
}

void seccomp_agent_close(struct seccomp_agent *a)
{
    if (a->fd >= 0)
        close(a->fd); /* really: the agent waits for the end of the connection */
    json_decref(a->state);
    free(a->text);
    *a = (struct seccomp_agent) SECCOMP_AGENT_NONE;
}

/* ---- child ---- */

int seccomp_agent_prepare(struct seccomp_agent *a, struct error *err)
{
    char self[24];
    int32_t pid;
    if (a->fd < 0)
        return 0;
    /* procfs tells a process its pid in the namespace that the procfs belongs to. */
    ssize_t n = readlinkat(a->proc_fd, "self", self, sizeof(self) - 1);
    if (n < 0)
        return error_errno(err, -errno, "linux.seccomp: cannot read the process's pid on the host");
    self[n] = '\0';
    int r = parse_i32(self, &pid);
    if (r < 0)
        return error_errno(err, r, "linux.seccomp: \"%s\" is not a pid", self);
    json_object_set_new(a->state, "pid", json_integer(pid));
    if (a->is_init)
        json_object_set_new(json_object_get(a->state, "state"), "pid", json_integer(pid));
    a->text = json_text(a->state, 0);
    return 0;
}

#define PENDING (-1000000)

struct handover {
    struct seccomp_agent *agent;
    _Atomic int listener; /* PENDING, the descriptor, or an errno: nothing to do */
    _Atomic int running;  /* the kernel clears it when the thread has ended */
    int result;
};

static int send_state(const struct seccomp_agent *a, int listener)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {
        .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) }
    };
    memcpy(CMSG_DATA(&control.head), &listener, sizeof(int));
    struct iovec iov = { a->text, strlen(a->text) };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.space,
                          .msg_controllen = sizeof(control.space) };
    while (iov.iov_len > 0) {
        ssize_t n = syscall(SYS_sendmsg, a->fd, &msg, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        iov.iov_base = (char *) iov.iov_base + n;
        iov.iov_len -= (size_t) n;
        msg.msg_control = NULL; /* descriptors go with the first part only */
        msg.msg_controllen = 0;
    }
    return 0;
}

/* The second thread. It shares even errno with the first, which does not look at it meanwhile. */
__attribute__((no_sanitize("address", "undefined"))) static int hand_over(void *arg)
{
    struct handover *h = arg;
    int fd;
    while ((fd = atomic_load(&h->listener)) == PENDING)
        syscall(SYS_sched_yield);
    if (fd >= 0) {
        h->result = send_state(h->agent, fd);
        syscall(SYS_close, fd);
        syscall(SYS_close, h->agent->fd);
    }
    return 0;
}

int seccomp_agent_load(struct seccomp_agent *a, const struct seccomp_filter *filter, struct error *err)
{
    static char stack[65536] __attribute__((aligned(16)));
    struct handover h = { .agent = a, .listener = PENDING, .running = 1 };
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_CHILD_CLEARTID;
    if (a->fd < 0)
        return error_set(err, -EINVAL, "linux.seccomp: there is no agent to notify");
    if (clone(hand_over, stack + sizeof(stack), flags, &h, NULL, NULL, &h.running) < 0)
        return error_errno(err, -errno, "linux.seccomp: cannot start a thread to hand the listener over");
    int r = seccomp_filter_load(filter, err);
    atomic_store(&h.listener, r);
    while (atomic_load(&h.running) != 0) { /* no call is ours any more */
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    a->fd = -1;
    if (r >= 0 && h.result < 0)
        return error_errno(err, h.result,
                           "linux.seccomp.listenerPath: cannot send the listener to the agent");
    return r < 0 ? r : 0;
}
