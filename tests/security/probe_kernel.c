// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel's administrative and rarely used calls, and the other doors into it (32-bit calls, terminal ioctls).
 *
 * Most rows are one call. The comment at each says why its arguments are harmless and what a kernel that lets it in
 * answers. Where the kernel weighs the permission first, the arguments are wrong afterwards; where it does not, the call
 * changes nothing, or only the row's own process.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/fanotify.h>
#include <linux/perf_event.h>
#include <linux/quota.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <termios.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define HIGH_BIT (1L << 32)

/* A map of one number that ends with the row: a filter or kernel.unprivileged_bpf_disabled answers before it is made. */
static void ask_bpf(const struct row *row, struct answer *answer)
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1
    };
    (void) row;
    answer_refusal(answer, syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)), 0);
}

/* The event that counts nothing, of this process, without the kernel: the least that one can ask of perf. */
static void ask_perf(const struct row *row, struct answer *answer)
{
    struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
                                    .size = sizeof(attr),
                                    .config = PERF_COUNT_SW_DUMMY,
                                    .disabled = 1,
                                    .exclude_kernel = 1,
                                    .exclude_hv = 1 };
    (void) row;
    answer_refusal(answer, syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC), 0);
}

/* No buffer for the handle: EOVERFLOW tells that the kernel would have made one. */
static void ask_name_to_handle(const struct row *row, struct answer *answer)
{
    struct file_handle handle = { .handle_bytes = 0 };
    int mount;
    (void) row;
    answer_refusal(answer, name_to_handle_at(AT_FDCWD, "/", &handle, &mount, 0), 0);
}

/* The handle of an inode that does not exist: ESTALE tells that the kernel looked for it. */
static void ask_open_by_handle(const struct row *row, struct answer *answer)
{
    union {
        struct file_handle handle;
        char space[sizeof(struct file_handle) + 8];
    } h = { .handle = { .handle_bytes = 8, .handle_type = 1 } };
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void) row;
    memset(h.space + sizeof(struct file_handle), 0xff, 8);
    answer_refusal(answer, open_by_handle_at(root, &h.handle, O_RDONLY | O_CLOEXEC), 0);
}

/* A length of a tick that no clock may have: EINVAL after the permission check, the clock is not touched. */
static void ask_adjtimex(const struct row *row, struct answer *answer)
{
    struct timex timex = { .modes = ADJ_TICK, .tick = 1 };
    (void) row;
    answer_refusal(answer, syscall(SYS_adjtimex, &timex), 0);
}

/*
 * An ioctl on a terminal of the row's own, which is made its controlling terminal as a shell's would be. The pointer is
 * null, so that a kernel which lets it in answers EFAULT and nothing is pushed into the terminal. row->nr is the request
 * with whatever bits above 32: the kernel cuts them off, a filter that compares all 64 is fooled by them.
 */
static void ask_terminal(const struct row *row, struct answer *answer)
{
    int unlock = 0, tty = -1, master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master >= 0 && ioctl(master, TIOCSPTLCK, &unlock) == 0)
        tty = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty >= 0 && setsid() >= 0)
        ioctl(tty, TIOCSCTTY, 0);
    /* Without a terminal the call meets a bad descriptor, behind the filter all the same. EIO: kernel 6.2's
     * dev.tty.legacy_tiocsti is off. */
    answer_refusal(answer, syscall(SYS_ioctl, tty, row->nr, 0), EIO);
}

static void ask_future_call(const struct row *row, struct answer *answer)
{
    if (syscall(row->nr, 0, 0, 0, 0, 0, 0) < 0 && errno == ENOSYS)
        answer_works(answer, "ENOSYS");
    else
        answer_broken(answer, "%s, programs expect ENOSYS", errno_name(errno));
}

#ifdef __x86_64__
/* The 32-bit door of a 64-bit process; a filter for x86-64 alone does not see what passes it. */
static long int80(long number, long first, long second)
{
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(second)
                     : "memory", "cc", "r8", "r9", "r10", "r11");
    if ((int) result >= 0)
        return (int) result;
    errno = -(int) result;
    return -1;
}

static void ask_int80(const struct row *row, struct answer *answer)
{
    answer_refusal(answer, int80(row->nr, row->args[0], row->args[1]), 0);
}

/* i386 wraps all socket calls into one, whose arguments lie in memory where no filter can see them. */
static void ask_int80_socketcall(const struct row *row, struct answer *answer)
{
    enum { NR_SOCKETCALL_I386 = 102, SYS_SOCKET_I386 = 1 };
    void *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    static const uint32_t arguments[3] = { AF_VSOCK, SOCK_STREAM, 0 };
    (void) row;
    if (low == MAP_FAILED) {
        answer_open(answer, "not tried: mmap: %s", errno_name(errno));
        return;
    }
    memcpy(low, arguments, sizeof(arguments));
    answer_refusal(answer, int80(NR_SOCKETCALL_I386, SYS_SOCKET_I386, (long) low), 0);
}
#endif

#define KERNEL "seccomp: administration"
#define SURFACE "seccomp: attack surface"
#define KEYS "keyring"
#define MOUNT "mounts"
#define TERMINAL "terminal"
#define ABI "seccomp: other ABIs"
#define CALL(number, ...) ask_call, .nr = SYS_##number, .args = { __VA_ARGS__ }

const struct row rows_kernel[] = {
    /* No type: EINVAL, after the kernel asked whether this process may mount. */
    { "mount", MOUNT, "no mount", CALL(mount, 0, ARG("/"), 0, 0, 0) },
    /* A directory that is never a mount point: EINVAL. */
    { "umount", MOUNT, "no umount2", CALL(umount2, ARG("/proc/self/fd"), 0) },
    { "pivot-root", MOUNT, "no pivot_root", CALL(pivot_root, ARG(NOWHERE), ARG(NOWHERE)) },
    /* Of the row's own process, to the root that it has. */
    { "chroot", MOUNT, "no chroot", CALL(chroot, ARG("/")) },
    { "fsopen", MOUNT, "no fsopen", CALL(fsopen, 0, 0) },
    { "fsmount", MOUNT, "no fsmount", CALL(fsmount, -1, 0, 0) },
    { "fspick", MOUNT, "no fspick", CALL(fspick, AT_FDCWD, ARG(NOWHERE), 0) },
    { "open-tree", MOUNT, "no open_tree that clones",
      CALL(open_tree, AT_FDCWD, ARG(NOWHERE), 1 /* OPEN_TREE_CLONE */) },
    { "move-mount", MOUNT, "no move_mount", CALL(move_mount, -1, ARG(NOWHERE), -1, ARG(NOWHERE), 0) },
    /* An attribute that asks for no change. */
    { "mount-setattr", MOUNT, "no mount_setattr",
      CALL(mount_setattr, AT_FDCWD, ARG(NOWHERE), 0, ARG(((const uint64_t[4]){ 0 })), 32) },

    { "init-module", KERNEL, "no init_module", CALL(init_module, 0, 0, 0) },
    { "finit-module", KERNEL, "no finit_module", CALL(finit_module, -1, 0, -1) },
    { "delete-module", KERNEL, "no delete_module", CALL(delete_module, 0, 0) },
    /* More segments than there may be, and unknown flags: nothing is loaded, and nothing unloaded. */
    { "kexec-load", KERNEL, "no kexec_load", CALL(kexec_load, 0, -1, 0, 0xff00) },
    { "kexec-file-load", KERNEL, "no kexec_file_load", CALL(kexec_file_load, -1, -1, 0, 0, 0xff00) },
    /* Without the two magic numbers. */
    { "reboot", KERNEL, "no reboot", CALL(reboot, 0, 0, 0, 0) },
    { "swapon", KERNEL, "no swapon", CALL(swapon, ARG(NOWHERE), 0) },
    { "swapoff", KERNEL, "no swapoff", CALL(swapoff, ARG(NOWHERE)) },
    { "acct", KERNEL, "no acct", CALL(acct, ARG(NOWHERE)) },
    /* Only asks for the size of the kernel's log. */
    { "syslog", KERNEL, "no syslog", CALL(syslog, 10, 0, 0) },
    /* Neither a time nor a zone: sets nothing, but the kernel asks first whether it may be set. */
    { "settimeofday", KERNEL, "no setting the clock", CALL(settimeofday, 0, 0) },
    { "adjtimex", KERNEL, "no adjusting the clock", ask_adjtimex },
    { "sethostname", KERNEL, "no sethostname", CALL(sethostname, 0, -1) },
    { "setdomainname", KERNEL, "no setdomainname", CALL(setdomainname, 0, -1) },
    { "quotactl", KERNEL, "no quotactl", CALL(quotactl, QCMD(Q_GETINFO, USRQUOTA), ARG(NOWHERE), 0, 0) },
#ifdef __x86_64__
    /* Rights of the row's own process, not used. */
    { "iopl", KERNEL, "no iopl", CALL(iopl, 3) },
    { "ioperm", KERNEL, "no ioperm", CALL(ioperm, 0x80, 1, 1) },
#endif

    { "bpf", SURFACE, "no bpf", ask_bpf },
    { "perf-event-open", SURFACE, "no perf_event_open", ask_perf },
    { "userfaultfd", SURFACE, "no userfaultfd", CALL(userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY) },
    { "io-uring", SURFACE, "no io_uring_setup", CALL(io_uring_setup, 1, 0) },
    { "name-to-handle", SURFACE, "no name_to_handle_at", ask_name_to_handle },
    { "open-by-handle", SURFACE, "no open_by_handle_at", ask_open_by_handle },
    { "fanotify-init", SURFACE, "no fanotify_init",
      CALL(fanotify_init, FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY) },
    /* Of the row's own process. */
    { "personality-aslr", SURFACE, "no personality that turns address randomisation off",
      CALL(personality, ADDR_NO_RANDOMIZE) },
    { "personality-exec", SURFACE, "no personality that makes all memory executable",
      CALL(personality, READ_IMPLIES_EXEC) },
    { "keyctl", KEYS, "no keyctl", CALL(keyctl, 9999, 0, 0, 0, 0) },
    { "add-key", KEYS, "no add_key", CALL(add_key, 0, 0, 0, 0, 0) },
    { "request-key", KEYS, "no request_key", CALL(request_key, 0, 0, 0, 0) },

    { "tiocsti", TERMINAL, "no typing into the terminal (TIOCSTI)", ask_terminal, .nr = TIOCSTI },
    { "tiocsti-high", TERMINAL, "no TIOCSTI with a bit above 32", ask_terminal, .nr = TIOCSTI | HIGH_BIT },
    { "tioclinux", TERMINAL, "no pasting on the console (TIOCLINUX)", ask_terminal, .nr = TIOCLINUX },
    { "tioclinux-high", TERMINAL, "no TIOCLINUX with a bit above 32", ask_terminal,
      .nr = TIOCLINUX | HIGH_BIT },

#ifdef __x86_64__
    { "abi-x32", ABI, "no x32 calls", ask_call, .nr = 0x40000000 | SYS_getpid },
    { "abi-int80", ABI, "no 32-bit calls (getpid)", ask_int80, .nr = 20 },
    { "abi-socketcall", ABI, "no 32-bit socketcall, an AF_VSOCK socket", ask_int80_socketcall },
#endif
    { "future-call", "must work", "a call newer than the filter is answered ENOSYS", ask_future_call,
      .must_work = true, .nr = 1000 },
    { 0 },
};
