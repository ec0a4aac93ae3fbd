// SPDX-License-Identifier: Apache-2.0
/*
 * What a container sees of file systems: its read-only root, the kernel's own files in /proc and /sys, the cgroup file
 * system, /dev, and the places that it may write to.
 *
 * Whether a directory can be written is asked with faccessat(W_OK), which weighs mode, ownership, capabilities and a
 * read-only mount and changes nothing. Files of the kernel are opened for writing and closed: some take effect with the
 * first byte, none with the open. A masked file is one that is absent, refused, an empty directory, or a bind mount of
 * /dev/null (docker's way).
 */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static void ask_root_read_only(const struct row *row, struct answer *answer)
{
    (void) row;
    struct statvfs fs;
    if (statvfs("/", &fs) < 0)
        answer_open(answer, "statvfs: %s", errno_name(errno));
    else if (fs.f_flag & ST_RDONLY)
        answer_sealed(answer, "mounted read-only");
    else
        answer_open(answer, "mounted read-write");
}

static void ask_directory(const struct row *row, struct answer *answer)
{
    int result = faccessat(AT_FDCWD, row->text, W_OK, AT_EACCESS);
    if (result == 0)
        answer_open(answer, "writable");
    else
        answer_refusal(answer, result, ENOENT);
}

static bool is_null_device(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* The file row->text must not open for writing. Absent is as good as refused. */
static void ask_write(const struct row *row, struct answer *answer)
{
    int fd = open(row->text, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        answer_refusal(answer, -1, ENOENT);
    else if (is_null_device(fd))
        answer_sealed(answer, "masked");
    else
        answer_open(answer, "opened for writing");
}

/* The number of entries of a directory without `.` and `..`; -1 when it cannot be read. */
static int count_entries(int fd)
{
    DIR *dir = fdopendir(fd);
    int entries = 0;
    if (!dir)
        return -1;
    while (readdir(dir))
        entries++;
    closedir(dir);
    return entries - 2;
}

/* True when the file or directory shows nothing; otherwise the answer says what it shows. */
static bool is_masked(const char *path, struct answer *answer)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), entries;
    struct stat st;
    if (fd < 0)
        answer_refusal(answer, -1, ENOENT);
    else if (fstat(fd, &st) < 0)
        answer_open(answer, "%s: %s", path, errno_name(errno));
    else if (!S_ISDIR(st.st_mode) && !is_null_device(fd))
        answer_open(answer, "%s opened for reading", path);
    else if (S_ISDIR(st.st_mode) && (entries = count_entries(fd)) > 0)
        answer_open(answer, "%s has %d entries", path, entries);
    else
        answer_sealed(answer, "masked");
    return answer->verdict == VERDICT_SEALED;
}

/* The files row->text, separated by blanks, must all be masked. */
static void ask_masked(const struct row *row, struct answer *answer)
{
    char paths[256], *rest = paths, *path;
    snprintf(paths, sizeof(paths), "%s", row->text);
    while ((path = strsep(&rest, " ")) && is_masked(path, answer))
        ;
}

/* Calls `visit` with the directory of each mounted cgroup hierarchy until it answers true. Returns how many it visited. */
static int each_cgroup_mount(bool (*visit)(const char *directory, struct answer *answer),
                             struct answer *answer)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    struct mntent *mount;
    int count = 0;
    while (mounts && (mount = getmntent(mounts))) {
        if (strncmp(mount->mnt_type, "cgroup", 6) != 0)
            continue;
        count++;
        if (visit(mount->mnt_dir, answer))
            break;
    }
    if (mounts)
        endmntent(mounts);
    return count;
}

static bool visit_cgroup_writable(const char *directory, struct answer *answer)
{
    struct statvfs fs;
    bool writable = statvfs(directory, &fs) == 0 && !(fs.f_flag & ST_RDONLY);
    if (writable)
        answer_open(answer, "%s is mounted read-write", directory);
    return writable;
}

/* release_agent names a program that the host's kernel starts as root: the old way out of a container. */
static bool visit_release_agent(const char *directory, struct answer *answer)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/release_agent", directory);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        answer_open(answer, "%s opened for writing", path);
    return fd >= 0;
}

static void ask_cgroup_read_only(const struct row *row, struct answer *answer)
{
    (void) row;
    int count = each_cgroup_mount(visit_cgroup_writable, answer);
    if (answer->verdict == VERDICT_NONE)
        answer_sealed(answer, count ? "%d mounts, read-only" : "not mounted", count);
}

static void ask_release_agent(const struct row *row, struct answer *answer)
{
    (void) row;
    int count = each_cgroup_mount(visit_release_agent, answer);
    if (answer->verdict == VERDICT_NONE)
        answer_sealed(answer, count ? "refused" : "not mounted");
}

static void ask_dev_nodes(const struct row *row, struct answer *answer)
{
    static const char standard[] =
        " . .. null zero full random urandom tty console ptmx pts shm mqueue fd stdin stdout"
        " stderr core ";
    (void) row;
    DIR *dir = opendir("/dev");
    struct dirent *entry;
    char more[120] = "";
    int count = 0;
    if (!dir) {
        answer_sealed(answer, "/dev: %s", errno_name(errno));
        return;
    }
    while ((entry = readdir(dir))) {
        char needle[sizeof(entry->d_name) + 2];
        snprintf(needle, sizeof(needle), " %s ", entry->d_name);
        if (strstr(standard, needle))
            continue;
        if (strlen(more) + strlen(needle) < sizeof(more))
            strcat(more, needle);
        count++;
    }
    closedir(dir);
    if (count)
        answer_open(answer, "%d more: %s", count, more);
    else
        answer_sealed(answer, "standard nodes only");
}

/* A device node that names nothing new: a second /dev/null, in a directory of its own, unlinked before it could be used. */
static void ask_mknod(const struct row *row, struct answer *answer)
{
    (void) row;
    char directory[] = "/tmp/oakum-probe-XXXXXX", node[64];
    if (!mkdtemp(directory)) {
        answer_refusal(answer, -1, ENOENT);
        return;
    }
    snprintf(node, sizeof(node), "%s/node", directory);
    int result = mknod(node, S_IFCHR | 0600, makedev(1, 3));
    answer_refusal(answer, result, 0);
    if (result == 0)
        unlink(node);
    rmdir(directory);
}

static void ask_chown(const struct row *row, struct answer *answer)
{
    (void) row;
    uid_t other = geteuid() == 1 ? 2 : 1;
    int fd = own_file();
    if (fd < 0)
        answer_open(answer, "not tried: memfd_create: %s", errno_name(errno));
    else /* EINVAL: the id is in no id map, so there is nobody to give the file to */
        answer_refusal(answer, fchown(fd, other, other), EINVAL);
}

/* A file capability makes a program privileged for whoever runs it. Set on a file in memory that nothing can run. */
static void ask_file_capability(const struct row *row, struct answer *answer)
{
    static const unsigned value[5] = { 0x02000000, 1 << 10, 0, 0, 0 }; /* revision 2; CAP_NET_BIND_SERVICE */
    (void) row;
    int fd = own_file();
    if (fd < 0)
        answer_open(answer, "not tried: memfd_create: %s", errno_name(errno));
    else
        answer_refusal(answer, fsetxattr(fd, "security.capability", value, sizeof(value), 0), EOPNOTSUPP);
}

static void ask_temporary(const struct row *row, struct answer *answer)
{
    char path[64], byte = 'x';
    snprintf(path, sizeof(path), "%s/oakum-probe-XXXXXX", row->text);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        answer_broken(answer, "%s", errno_name(errno));
        return;
    }
    long result = write(fd, &byte, 1) == 1 && pread(fd, &byte, 1, 0) == 1 && byte == 'x' ? 0 : -1;
    answer_success(answer, result);
    unlink(path);
}

/* The kernel looks at noexec before it looks at the content, so that a file which is no program tells the two apart. */
static void ask_noexec(const struct row *row, struct answer *answer)
{
    char path[64];
    char *const arguments[] = { path, NULL }, *const environment[] = { NULL };
    snprintf(path, sizeof(path), "%s/oakum-probe-XXXXXX", row->text);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) {
        answer_refusal(answer, -1, ENOENT);
        return;
    }
    if (write(fd, "no program\n", 11) == 11 && fchmod(fd, 0700) == 0) {
        close(fd); /* a file open for writing is ETXTBSY */
        answer_refusal(answer, execve(path, arguments, environment), 0);
    } else {
        answer_open(answer, "not tried: %s", errno_name(errno));
    }
    unlink(path);
}

static void ask_locks(const struct row *row, struct answer *answer)
{
    (void) row;
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = own_file();
    answer_success(answer,
                   fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fcntl(fd, F_SETLK, &whole) < 0 ? -1 : 0);
}

/* Stable programs of every language use these; they must not fall into a hole of the filter. */
static void ask_file_calls(const struct row *row, struct answer *answer)
{
    (void) row;
    struct statx stx;
    int from = own_file(), to = own_file(), dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    void *map = MAP_FAILED;
    if (from < 0 || to < 0 || dir < 0 || ftruncate(from, 4096) < 0)
        answer_broken(answer, "memfd_create, open: %s", errno_name(errno));
    else if (statx(dir, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
        answer_broken(answer, "statx: %s", errno_name(errno));
    else if (copy_file_range(from, NULL, to, NULL, 4096, 0) < 0)
        answer_broken(answer, "copy_file_range: %s", errno_name(errno));
    else if (fallocate(to, 0, 0, 8192) < 0 || fsync(to) < 0)
        answer_broken(answer, "fallocate, fsync: %s", errno_name(errno));
    else if ((map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0)) == MAP_FAILED)
        answer_broken(answer, "mmap: %s", errno_name(errno));
    else
        answer_success(answer, munmap(map, 4096));
}

#define DEVICE "devices"
#define FILES "kernel files"
#define ROOT "root file system"
#define CGROUP "cgroups"
#define CAPS "capabilities"
#define WORKS "must work"
#define T .must_work = true

const struct row rows_fs[] = {
    { "root-read-only", ROOT, "/ is mounted read-only", ask_root_read_only },
    { "write-root", ROOT, "/ is not writable", ask_directory, .text = "/" },
    { "write-etc", ROOT, "/etc is not writable", ask_directory, .text = "/etc" },
    { "write-usr", ROOT, "/usr is not writable", ask_directory, .text = "/usr" },
    { "write-bin", ROOT, "/bin is not writable", ask_directory, .text = "/bin" },
    { "write-home", ROOT, "/home is not writable", ask_directory, .text = "/home" },
    { "tmp-noexec", ROOT, "no file in /tmp can be executed", ask_noexec, .text = "/tmp" },
    { "shm-noexec", ROOT, "no file in /dev/shm can be executed", ask_noexec, .text = "/dev/shm" },
    { "sysctl-core-pattern", FILES, "kernel.core_pattern is not writable", ask_write,
      .text = "/proc/sys/kernel/core_pattern" },
    { "sysctl-kernel", FILES, "kernel.panic is not writable", ask_write, .text = "/proc/sys/kernel/panic" },
    { "sysctl-vm", FILES, "vm.drop_caches is not writable", ask_write, .text = "/proc/sys/vm/drop_caches" },
    { "sysctl-net", FILES, "net.ipv4.ip_forward is not writable", ask_write,
      .text = "/proc/sys/net/ipv4/ip_forward" },
    { "sysrq-trigger", FILES, "/proc/sysrq-trigger is not writable", ask_write,
      .text = "/proc/sysrq-trigger" },
    { "proc-irq", FILES, "/proc/irq is not writable", ask_write, .text = "/proc/irq/default_smp_affinity" },
    { "sys-kernel", FILES, "/sys/kernel is not writable", ask_write,
      .text = "/sys/kernel/mm/transparent_hugepage/enabled" },
    { "sys-module", FILES, "/sys/module is not writable", ask_write,
      .text = "/sys/module/printk/parameters/time" },
    { "mask-kcore", FILES, "/proc/kcore, the kernel's memory, is masked", ask_masked, .text = "/proc/kcore" },
    { "mask-kmsg", FILES, "the kernel's log is masked", ask_masked, .text = "/proc/kmsg /dev/kmsg" },
    { "mask-keys", FILES, "/proc/keys is masked", ask_masked, .text = "/proc/keys" },
    { "mask-timers", FILES, "/proc/timer_list is masked", ask_masked, .text = "/proc/timer_list" },
    { "mask-firmware", FILES, "/sys/firmware is masked", ask_masked, .text = "/sys/firmware" },
    { "mask-hardware", FILES, "/proc/acpi, /proc/scsi, /proc/asound and powercap are masked", ask_masked,
      .text = "/proc/acpi /proc/scsi /proc/asound /sys/devices/virtual/powercap" },
    { "mask-statistics", FILES, "/proc/latency_stats, /proc/sched_debug, /proc/timer_stats are masked",
      ask_masked, .text = "/proc/latency_stats /proc/sched_debug /proc/timer_stats" },
    { "cgroup-read-only", CGROUP, "the cgroup file system is read-only or absent", ask_cgroup_read_only },
    { "cgroup-release-agent", CGROUP, "no release_agent is writable", ask_release_agent },
    { "dev-nodes", DEVICE, "/dev has the standard nodes only", ask_dev_nodes },
    { "dev-directory", DEVICE, "/dev is not writable", ask_directory, .text = "/dev" },
    { "mknod", DEVICE, "no device node can be made", ask_mknod },
    { "chown", CAPS, "no file can be given to another user", ask_chown },
    { "file-capability", CAPS, "no file can be given capabilities", ask_file_capability },
    { "tmp-write", WORKS, "/tmp is writable", ask_temporary, T, .text = "/tmp" },
    { "shm-write", WORKS, "/dev/shm is writable", ask_temporary, T, .text = "/dev/shm" },
    { "file-locks", WORKS, "flock and fcntl locks", ask_locks, T },
    { "file-calls", WORKS, "statx, copy_file_range, fallocate, fsync, shared mappings", ask_file_calls, T },
    { 0 },
};
