// SPDX-License-Identifier: Apache-2.0
/*
 * inside: what a process of a container finds itself with, for the tests of process.* and linux.*. Linked statically, so that it
 * runs in any root.
 *
 *   inside sched         policy nice priority flags runtime deadline period
 *   inside ioprio        class level
 *   inside mempolicy     mode nodes-as-hex-mask
 *   inside personality   the number, in hex
 *   inside securebits [N]
 *                        the number, in hex; with N: sets them to N first, or prints the error's name
 *   inside rights        effective user, permitted and effective capabilities (the first 32, in hex)
 *   inside size          rows columns of the terminal on standard output
 *   inside shm KEY [TEXT]
 *                        the text in the System V shared memory segment KEY; with TEXT: makes the segment and stays
 *   inside keylabel      the label of the session keyring
 *   inside notify [+FLOOD] MESSAGE...
 *                        sends each message to $NOTIFY_SOCKET, "\n" in it a line's end, and an open descriptor with each; in front of them
 *                        FLOOD messages of 60000 bytes that begin with READY=1. Prints "sent", or the errors' names
 *   inside alone DIR MILLISECONDS CODE
 *                        takes the lock DIR/lock and writes "alone" to DIR/runs, or "double" when another has it; exits with CODE then
 *   inside agent SOCKET FILE COUNT [ERRNO]
 *                        outside: a seccomp agent. Accepts COUNT connections, writes each state to FILE (one line each) and answers
 *                        every notification with success of the call itself (continue), or with ERRNO.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static int die(const char *what)
{
    fprintf(stderr, "inside: %s: %s\n", what, strerror(errno));
    return 1;
}

static int shared_memory(const char *key, const char *text)
{
    int id = shmget((key_t) strtol(key, NULL, 10), text ? 4096 : 0, text ? IPC_CREAT | IPC_EXCL | 0600 : 0);
    char *at = id < 0 ? (char *) -1 : shmat(id, NULL, 0);
    if (at == (char *) -1)
        return die("shared memory");
    if (!text)
        return puts(at) < 0;
    snprintf(at, 4096, "%s", text);
    for (;;)
        pause();
}

static int alone(const char *dir, const char *ms, const char *code)
{
    int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int lock = openat(dirfd, "lock", O_RDWR | O_CREAT, 0600);
    int runs = openat(dirfd, "runs", O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (dirfd < 0 || lock < 0 || runs < 0)
        return die(dir);
    const char *word = flock(lock, LOCK_EX | LOCK_NB) == 0 ? "alone\n" : "double\n";
    if (write(runs, word, strlen(word)) < 0)
        return die("runs");
    usleep((unsigned) strtol(ms, NULL, 10) * 1000);
    return (int) strtol(code, NULL, 10);
}

static int send_with_fd(int sock, const char *text, size_t len)
{
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {
        .head = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) }
    };
    int fd = STDOUT_FILENO;
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    struct iovec iov = { (char *) text, len };
    struct msghdr msg = { .msg_iov = &iov,
                          .msg_iovlen = 1,
                          .msg_control = control.space,
                          .msg_controllen = sizeof(control.space) };
    if (sendmsg(sock, &msg, MSG_NOSIGNAL) >= 0)
        return 0;
    puts(strerrorname_np(errno));
    return 1;
}

static int send_notify(char **messages)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int sock = socket(AF_UNIX, SOCK_DGRAM, 0), r = 0;
    if (!path || strlen(path) >= sizeof(addr.sun_path))
        return die("NOTIFY_SOCKET");
    strcpy(addr.sun_path, path);
    if (sock < 0 || connect(sock, (struct sockaddr *) &addr, sizeof(addr)) < 0) {
        puts(strerrorname_np(errno));
        return 1;
    }
    for (; *messages && r == 0; messages++) {
        char big[60000], *text = *messages;
        size_t n = 0;
        memset(big, 'x', sizeof(big));
        memcpy(big, "READY=1\n", 8);
        for (long i = text[0] == '+' ? strtol(text, NULL, 10) : 0; i > 0 && r == 0; i--)
            r = send_with_fd(sock, big, sizeof(big));
        if (text[0] == '+')
            continue;
        for (const char *from = text; *from; n++)
            if (from[0] == '\\' && from[1] == 'n')
                text[n] = '\n', from += 2;
            else
                text[n] = *from++;
        r = send_with_fd(sock, text, n);
    }
    if (r == 0)
        puts("sent");
    return r;
}

static int show_keylabel(void)
{
    char text[256] = "";
    if (syscall(SYS_keyctl, KEYCTL_GET_SECURITY, KEY_SPEC_SESSION_KEYRING, text, sizeof(text) - 1) < 0)
        return die("session keyring");
    puts(text);
    return 0;
}

static int show_sched(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
        uint32_t util_min, util_max;
    } a = { 0 };
    if (syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0) < 0)
        return die("sched_getattr");
    printf("%u %d %u %llu %llu %llu %llu\n", a.policy, a.nice, a.priority, (unsigned long long) a.flags,
           (unsigned long long) a.runtime, (unsigned long long) a.deadline, (unsigned long long) a.period);
    return 0;
}

static int show_ioprio(void)
{
    long v = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
    if (v < 0)
        return die("ioprio_get");
    printf("%ld %ld\n", v >> IOPRIO_CLASS_SHIFT, v & 7);
    return 0;
}

static int show_mempolicy(void)
{
    unsigned long nodes[16] = { 0 };
    int mode = -1;
    if (syscall(SYS_get_mempolicy, &mode, nodes, 1024, NULL, 0) < 0)
        return die("get_mempolicy");
    printf("%d %lx\n", mode, nodes[0]);
    return 0;
}

static int show_securebits(const char *set)
{
    if (set && prctl(PR_SET_SECUREBITS, strtoul(set, NULL, 16), 0, 0, 0) < 0)
        return puts(strerrorname_np(errno)) < 0;
    return printf("%x\n", (unsigned) prctl(PR_GET_SECUREBITS, 0, 0, 0, 0)) < 0;
}

static int show_rights(void)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &head, data) < 0)
        return die("capget");
    return printf("%u %x %x\n", geteuid(), data[0].permitted, data[0].effective) < 0;
}

static int show_size(void)
{
    struct winsize w;
    if (ioctl(1, TIOCGWINSZ, &w) < 0)
        return die("TIOCGWINSZ");
    printf("%u %u\n", w.ws_row, w.ws_col);
    return 0;
}

/* ---- the agent ---- */

/* The state of one connection up to its end; the descriptor that came with it. */
static int receive(int connection, FILE *out)
{
    char buf[4096];
    int listener = -1;
    for (;;) {
        union {
            struct cmsghdr head;
            char space[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec iov = { buf, sizeof(buf) };
        struct msghdr m = { .msg_iov = &iov,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof(control.space) };
        ssize_t n = recvmsg(connection, &m, MSG_CMSG_CLOEXEC);
        if (n <= 0)
            break;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (c && c->cmsg_type == SCM_RIGHTS)
            memcpy(&listener, CMSG_DATA(c), sizeof(int));
        fwrite(buf, 1, (size_t) n, out);
    }
    fputc('\n', out);
    fflush(out);
    return listener;
}

static void answer(int listener, int error)
{
    struct seccomp_notif req;
    for (;;) {
        struct pollfd p = { listener, POLLIN, 0 };
        if (poll(&p, 1, -1) < 0 || (p.revents & POLLHUP))
            return;
        memset(&req, 0, sizeof(req));
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
            continue;
        struct seccomp_notif_resp resp = { .id = req.id };
        if (error)
            resp.error = -error;
        else
            resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
    }
}

static int agent(const char *path, const char *file, int count, int error)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *out = fopen(file, "we");
    if (!out || s < 0 || bind(s, (struct sockaddr *) &addr, sizeof(addr)) < 0 || listen(s, 8) < 0)
        return die(path);
    for (int i = 0; i < count; i++) {
        int connection = accept4(s, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0)
            return die("accept");
        if (fork() == 0) {
            int listener = receive(connection, out);
            if (listener >= 0)
                answer(listener, error);
            _exit(0);
        }
        close(connection);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "sched") == 0)
        return show_sched();
    if (strcmp(what, "ioprio") == 0)
        return show_ioprio();
    if (strcmp(what, "mempolicy") == 0)
        return show_mempolicy();
    if (strcmp(what, "securebits") == 0)
        return show_securebits(argc > 2 ? argv[2] : NULL);
    if (strcmp(what, "rights") == 0)
        return show_rights();
    if (strcmp(what, "size") == 0)
        return show_size();
    if (strcmp(what, "personality") == 0)
        return printf("%x\n", (unsigned) personality(0xffffffff)) < 0;
    if (strcmp(what, "keylabel") == 0)
        return show_keylabel();
    if (strcmp(what, "notify") == 0)
        return send_notify(argv + 2);
    if (strcmp(what, "shm") == 0 && argc >= 3)
        return shared_memory(argv[2], argc > 3 ? argv[3] : NULL);
    if (strcmp(what, "alone") == 0 && argc >= 5)
        return alone(argv[2], argv[3], argv[4]);
    if (strcmp(what, "agent") == 0 && argc >= 5)
        return agent(argv[2], argv[3], atoi(argv[4]), argc > 5 ? atoi(argv[5]) : 0);
    fprintf(stderr, "inside: unknown question\n");
    return 2;
}
