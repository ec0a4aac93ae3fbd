// SPDX-License-Identifier: Apache-2.0
/*
 * Who the process is (ids, capabilities, seals that it cannot take off), which namespaces hold it, what it may do to other
 * processes; and the process calls that every program needs.
 *
 * A namespace that a row makes holds only the row's own process and ends with it. The other process of the rows that look
 * into one is a child that the row forks, which waits and is killed.
 */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int waiting_byte = 'x';

/* A child that waits until it is killed. */
static pid_t start_waiting(void)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return child;
}

static void end_waiting(pid_t child)
{
    if (child <= 0)
        return;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void ask_ptrace(const struct row *row, struct answer *answer)
{
    pid_t child = start_waiting();
    (void) row;
    answer_refusal(answer, ptrace(PTRACE_SEIZE, child, NULL, NULL), 0);
    end_waiting(child);
}

static void ask_read_memory(const struct row *row, struct answer *answer)
{
    char byte;
    struct iovec here = { &byte, 1 }, there = { &waiting_byte, 1 };
    pid_t child = start_waiting();
    (void) row;
    answer_refusal(answer, process_vm_readv(child, &here, 1, &there, 1, 0), 0);
    end_waiting(child);
}

static void ask_get_descriptor(const struct row *row, struct answer *answer)
{
    pid_t child = start_waiting();
    long fd = syscall(SYS_pidfd_open, child, 0);
    (void) row;
    if (fd >= 0)
        fd = syscall(SYS_pidfd_getfd, fd, 1, 0);
    answer_refusal(answer, fd, 0);
    end_waiting(child);
}

static void ask_kcmp(const struct row *row, struct answer *answer)
{
    enum { KCMP_VM_TYPE = 1 };
    pid_t child = start_waiting();
    (void) row;
    answer_refusal(answer, syscall(SYS_kcmp, getpid(), child, KCMP_VM_TYPE, 0, 0), 0);
    end_waiting(child);
}

static void ask_clone_user(const struct row *row, struct answer *answer)
{
    (void) row;
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0)
        _exit(0);
    answer_refusal(answer, child, 0);
}

/* glibc falls back to clone when clone3 answers ENOSYS, and only then: any other refusal breaks every program. */
static void ask_clone3(const struct row *row, struct answer *answer)
{
    (void) row;
    if (syscall(SYS_clone3, 0, 0) == -1 && errno == EPERM)
        answer_broken(answer, "EPERM: programs that can do without it need ENOSYS");
    else
        answer_refusal(answer, -1, 0);
}

/* Joins the namespace that the process is in already: the kernel asks for the same rights as for any other. */
static void ask_setns(const struct row *row, struct answer *answer)
{
    int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    (void) row;
    answer_refusal(answer, setns(fd, CLONE_NEWUTS), 0);
}

/* The host's first namespaces have fixed inode numbers (include/linux/proc_ns.h). */
static void ask_own_namespace(const struct row *row, struct answer *answer)
{
    char path[64], target[64] = "";
    snprintf(path, sizeof(path), "/proc/self/ns/%s", row->text);
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    char *bracket = strchr(target, '[');
    if (length < 0 && errno == ENOENT)
        answer_open(answer, "%s: ENOENT", path);
    else if (length < 0 || !bracket)
        answer_open(answer, "not known: %s: %s", path, errno_name(errno));
    else if (strtoul(bracket + 1, NULL, 10) == (unsigned long) row->nr)
        answer_open(answer, "the host's");
    else
        answer_sealed(answer, "own");
}

/* Every id inside must stand for one of the host's that is nobody's: not below 65536, and no more than 65536 of them. */
static bool is_private_map(const char *path, struct answer *answer)
{
    FILE *map = fopen(path, "re");
    unsigned long inside, outside, count, total = 0;
    bool good = true;
    while (map && good && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3) {
        total += count;
        good = outside >= 65536 && total <= 65536;
        if (good)
            answer_sealed(answer, "%lu+%lu", outside, count);
        else
            answer_open(answer, "%s: %lu ids from %lu are the host's from %lu", path, count, inside, outside);
    }
    if (map)
        fclose(map);
    if (total == 0)
        answer_open(answer, "not known: %s", path);
    return good && total > 0;
}

static void ask_id_range(const struct row *row, struct answer *answer)
{
    (void) row;
    if (is_private_map("/proc/self/uid_map", answer))
        is_private_map("/proc/self/gid_map", answer);
}

/* Another pid namespace's procfs names this process differently; the host's shows its kernel threads. */
static void ask_visible(const struct row *row, struct answer *answer)
{
    char name[32] = "", self[32] = "";
    int others = 0;
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    (void) row;
    FILE *file = fopen("/proc/2/comm", "re");
    if (file) {
        if (!fgets(name, sizeof(name), file))
            name[0] = 0;
        fclose(file);
    }
    while (dir && (entry = readdir(dir)))
        others += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    if (dir)
        closedir(dir);
    if (readlink("/proc/self", self, sizeof(self) - 1) < 0 || strtol(self, NULL, 10) != getpid())
        answer_open(answer, "/proc is of another pid namespace");
    else if (strcmp(name, "kthreadd\n") == 0)
        answer_open(answer, "the host's: %d processes", others);
    else
        answer_sealed(answer, "%d processes, the container's", others);
}

static void ask_descriptors(const struct row *row, struct answer *answer)
{
    (void) row;
    if (inherited_count)
        answer_open(answer, "%d more, the first is %d", inherited_count, inherited_first);
    else
        answer_sealed(answer, "0-2 only");
}

static void ask_user(const struct row *row, struct answer *answer)
{
    (void) row;
    if (getuid() == 0 || geteuid() == 0)
        answer_open(answer, "uid 0");
    else
        answer_sealed(answer, "uid %u", getuid());
}

static void ask_groups(const struct row *row, struct answer *answer)
{
    static gid_t groups[65536];
    int count = getgroups(65536, groups);
    bool root = getgid() == 0 || getegid() == 0;
    (void) row;
    for (int i = 0; i < count; i++)
        root |= groups[i] == 0;
    if (root)
        answer_open(answer, "group 0");
    else
        answer_sealed(answer, "gid %u, %d more", getgid(), count);
}

static void ask_capability_set(const struct row *row, struct answer *answer)
{
    char value[64];
    if (!status_field(row->text, value, sizeof(value)))
        answer_open(answer, "not known: no %s in /proc/self/status", row->text);
    else if (strspn(value, "0") == strlen(value))
        answer_sealed(answer, "empty");
    else
        answer_open(answer, "%s", value);
}

static void ask_no_new_privs(const struct row *row, struct answer *answer)
{
    int on = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    (void) row;
    if (on == 1)
        answer_sealed(answer, "on");
    else
        answer_open(answer, on == 0 ? "off" : "not known");
}

static void ask_seccomp(const struct row *row, struct answer *answer)
{
    char mode[16] = "", filters[16] = "?";
    (void) row;
    status_field("Seccomp_filters", filters, sizeof(filters));
    if (status_field("Seccomp", mode, sizeof(mode)) && strcmp(mode, "2") == 0)
        answer_sealed(answer, "mode 2, %s filters", filters);
    else
        answer_open(answer, "mode %s", mode[0] ? mode : "not known");
}

/* In the row's own process. EINVAL: no such id in the id map. */
static void ask_set_id(const struct row *row, struct answer *answer)
{
    long other = (row->nr == SYS_setuid ? geteuid() : getegid()) == 1 ? 2 : 1;
    answer_refusal(answer, syscall(row->nr, other), EINVAL);
}

static void ask_priority(const struct row *row, struct answer *answer)
{
    (void) row;
    answer_refusal(answer, setpriority(PRIO_PROCESS, 0, -5), 0);
}

static void ask_realtime(const struct row *row, struct answer *answer)
{
    struct sched_param param = { .sched_priority = 1 };
    (void) row;
    answer_refusal(answer, sched_setscheduler(0, SCHED_FIFO, &param), 0);
}

static void ask_fork_exec(const struct row *row, struct answer *answer)
{
    char name[] = "probe", option[] = "--nothing";
    char *const arguments[] = { name, option, NULL }, *const environment[] = { NULL };
    int status = -1;
    pid_t child = fork();
    (void) row;
    if (child == 0) {
        execve("/proc/self/exe", arguments, environment);
        _exit(errno < 256 ? errno : 255);
    }
    if (child < 0)
        answer_broken(answer, "fork: %s", errno_name(errno));
    else if (waitpid(child, &status, 0) < 0)
        answer_broken(answer, "waitpid: %s", errno_name(errno));
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        answer_works(answer, "ok");
    else
        answer_broken(answer, "execve: %s", WIFEXITED(status) ? errno_name(WEXITSTATUS(status)) : "killed");
}

static void *add_one(void *counter)
{
    __atomic_fetch_add((int *) counter, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void ask_threads(const struct row *row, struct answer *answer)
{
    pthread_t threads[4];
    int counter = 0;
    (void) row;
    for (int i = 0; i < 4; i++) {
        errno = pthread_create(&threads[i], NULL, add_one, &counter);
        if (errno) {
            answer_broken(answer, "pthread_create: %s", errno_name(errno));
            _exit(0); /* the threads that do run use `counter` */
        }
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    answer_success(answer, counter == 4 ? 0 : -1);
}

static void ask_signals(const struct row *row, struct answer *answer)
{
    pid_t child = start_waiting();
    long pidfd = syscall(SYS_pidfd_open, child, 0);
    (void) row;
    if (pidfd < 0)
        answer_broken(answer, "pidfd_open: %s", errno_name(errno));
    else if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
        answer_broken(answer, "pidfd_send_signal: %s", errno_name(errno));
    else
        answer_success(answer, kill(child, SIGTERM));
    end_waiting(child);
}

/* What a just-in-time compiler does: write code, then run it. */
static void ask_code(const struct row *row, struct answer *answer)
{
    void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void) row;
    answer_success(answer, code == MAP_FAILED ? -1 : mprotect(code, 4096, PROT_READ | PROT_EXEC));
}

/* A program that seals itself further (browsers, sshd, systemd's services) must not be kept from it. ENOSYS and EOPNOTSUPP:
 * this kernel has no Landlock, or it is off. */
static void ask_self_sandbox(const struct row *row, struct answer *answer)
{
    unsigned action = 0x00050000; /* SECCOMP_RET_ERRNO */
    (void) row;
    long landlock = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (landlock < 0 && errno != ENOSYS && errno != EOPNOTSUPP)
        answer_broken(answer, "landlock: %s", errno_name(errno));
    else if (syscall(SYS_seccomp, 2 /* SECCOMP_GET_ACTION_AVAIL */, 0, &action) < 0)
        answer_broken(answer, "seccomp: %s", errno_name(errno));
    else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        answer_broken(answer, "PR_SET_NO_NEW_PRIVS: %s", errno_name(errno));
    else
        answer_works(answer, "Landlock ABI %ld, seccomp", landlock < 0 ? 0 : landlock);
}

static void ask_epoll(const struct row *row, struct answer *answer)
{
    struct epoll_event event = { .events = EPOLLIN };
    int epoll = epoll_create1(EPOLL_CLOEXEC), ready = eventfd(1, EFD_CLOEXEC);
    (void) row;
    if (epoll < 0 || ready < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, ready, &event) < 0)
        answer_broken(answer, "epoll_create1, eventfd, epoll_ctl: %s", errno_name(errno));
    else
        answer_success(answer, epoll_wait(epoll, &event, 1, 1000) == 1 ? 0 : -1);
}

static void ask_futex(const struct row *row, struct answer *answer)
{
    int word = 1;
    struct timespec moment = { .tv_nsec = 1000000 };
    (void) row;
    long result = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &moment, NULL, 0);
    if (result < 0 && errno != ETIMEDOUT)
        answer_broken(answer, "FUTEX_WAIT: %s", errno_name(errno));
    else
        answer_success(answer, syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
}

static void ask_inotify(const struct row *row, struct answer *answer)
{
    int fd = inotify_init1(IN_CLOEXEC);
    (void) row;
    answer_success(answer, fd < 0 ? -1 : inotify_add_watch(fd, "/", IN_CREATE));
}

static void ask_timer(const struct row *row, struct answer *answer)
{
    struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
    unsigned long long fired = 0;
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    (void) row;
    if (fd < 0 || timerfd_settime(fd, 0, &soon, NULL) < 0)
        answer_broken(answer, "timerfd: %s", errno_name(errno));
    else
        answer_success(answer, read(fd, &fired, sizeof(fired)) == sizeof(fired) ? 0 : -1);
}

static void ask_random(const struct row *row, struct answer *answer)
{
    char bytes[16];
    (void) row;
    answer_success(answer, getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes) ? 0 : -1);
}

static void ask_pipe(const struct row *row, struct answer *answer)
{
    int ends[2];
    char byte = 'x';
    (void) row;
    if (pipe2(ends, O_CLOEXEC) < 0)
        answer_broken(answer, "pipe2: %s", errno_name(errno));
    else
        answer_success(answer, write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1 ? 0 : -1);
}

#define NAMESPACE "namespaces"
#define IDENTITY "user"
#define CAPS "capabilities"
#define OTHERS "other processes"
#define DESCRIPTORS "descriptors"
#define WORKS "must work"
#define T .must_work = true
#define UNSHARE(flag) ask_call, .nr = SYS_unshare, .args = { flag }

const struct row rows_process[] = {
    { "ns-user", NAMESPACE, "a user namespace of its own", ask_own_namespace, .text = "user",
      .nr = 0xEFFFFFFD },
    { "ns-pid", NAMESPACE, "a pid namespace of its own", ask_own_namespace, .text = "pid", .nr = 0xEFFFFFFC },
    { "ns-ipc", NAMESPACE, "an ipc namespace of its own", ask_own_namespace, .text = "ipc",
      .nr = 0xEFFFFFFF },
    { "ns-uts", NAMESPACE, "a uts namespace of its own", ask_own_namespace, .text = "uts", .nr = 0xEFFFFFFE },
    { "ns-cgroup", NAMESPACE, "a cgroup namespace of its own", ask_own_namespace, .text = "cgroup",
      .nr = 0xEFFFFFFB },
    { "id-range", NAMESPACE, "user and group ids are a private range of the host's", ask_id_range },
    { "processes-visible", NAMESPACE, "no process of the host is visible", ask_visible },
    { "unshare-user", NAMESPACE, "no new user namespace", UNSHARE(CLONE_NEWUSER) },
    { "unshare-mount", NAMESPACE, "no new mount namespace", UNSHARE(CLONE_NEWNS) },
    { "unshare-net", NAMESPACE, "no new network namespace", UNSHARE(CLONE_NEWNET) },
    { "unshare-pid", NAMESPACE, "no new pid namespace", UNSHARE(CLONE_NEWPID) },
    { "unshare-ipc", NAMESPACE, "no new ipc namespace", UNSHARE(CLONE_NEWIPC) },
    { "unshare-uts", NAMESPACE, "no new uts namespace", UNSHARE(CLONE_NEWUTS) },
    { "unshare-cgroup", NAMESPACE, "no new cgroup namespace", UNSHARE(CLONE_NEWCGROUP) },
    { "unshare-time", NAMESPACE, "no new time namespace", UNSHARE(CLONE_NEWTIME) },
    { "clone-user", NAMESPACE, "no child in a new user namespace", ask_clone_user },
    { "clone3", NAMESPACE, "clone3 is answered ENOSYS", ask_clone3 },
    { "setns", NAMESPACE, "no joining of namespaces", ask_setns },

    { "uid", IDENTITY, "the user is not root", ask_user },
    { "gid", IDENTITY, "no group is root's", ask_groups },
    { "setuid", IDENTITY, "no change to another user", ask_set_id, .nr = SYS_setuid },
    { "setgid", IDENTITY, "no change to another group", ask_set_id, .nr = SYS_setgid },
    /* More groups than there may be: EINVAL, after the permission check. */
    { "setgroups", IDENTITY, "no change of supplementary groups", ask_call, .nr = SYS_setgroups,
      .args = { 70000, 0 } },
    { "cap-inheritable", CAPS, "the inheritable set is empty", ask_capability_set, .text = "CapInh" },
    { "cap-permitted", CAPS, "the permitted set is empty", ask_capability_set, .text = "CapPrm" },
    { "cap-effective", CAPS, "the effective set is empty", ask_capability_set, .text = "CapEff" },
    { "cap-bounding", CAPS, "the bounding set is empty", ask_capability_set, .text = "CapBnd" },
    { "cap-ambient", CAPS, "the ambient set is empty", ask_capability_set, .text = "CapAmb" },
    { "no-new-privs", "no_new_privs", "no_new_privs is on", ask_no_new_privs },
    { "seccomp", "seccomp", "a seccomp filter is in force", ask_seccomp },

    { "ptrace", OTHERS, "no ptrace of another process", ask_ptrace },
    { "read-memory", OTHERS, "no process_vm_readv of another process", ask_read_memory },
    { "pidfd-getfd", OTHERS, "no taking of another process's descriptors", ask_get_descriptor },
    { "kcmp", OTHERS, "no comparing with another process", ask_kcmp },
    { "priority", OTHERS, "no priority above the others'", ask_priority },
    { "realtime", OTHERS, "no real-time scheduling", ask_realtime },
    { "descriptors", DESCRIPTORS, "no descriptor but 0, 1 and 2", ask_descriptors },

    { "fork-exec", WORKS, "fork, exec, wait", ask_fork_exec, T },
    { "threads", WORKS, "threads", ask_threads, T },
    { "signals", WORKS, "signals to an own process, by pid and pidfd", ask_signals, T },
    { "code", WORKS, "memory that was written is made executable (just-in-time compilers)", ask_code, T },
    { "self-sandbox", WORKS, "a program may seal itself: Landlock, seccomp, no_new_privs", ask_self_sandbox,
      T },
    { "epoll", WORKS, "epoll, eventfd", ask_epoll, T },
    { "futex", WORKS, "futex", ask_futex, T },
    { "inotify", WORKS, "inotify", ask_inotify, T },
    { "timerfd", WORKS, "timerfd", ask_timer, T },
    { "getrandom", WORKS, "getrandom", ask_random, T },
    { "pipe", WORKS, "pipes", ask_pipe, T },
    { 0 },
};
