// SPDX-License-Identifier: Apache-2.0
/*
 * recorder DISK LOG MOUNTPOINT: shows DISK, a file, as the file MOUNTPOINT (FUSE, one request after the other), and writes into LOG
 * what is written to it and when it is flushed, in the form of dm-log-writes (kernel: admin-guide/device-mapper/log-writes.rst).
 * lib/power-cut makes of it what would be on the disk, had the power been cut. Ends when it is unmounted, or by SIGTERM.
 *
 * qemu-storage-daemon can do this too (blklogwrites with a FUSE export), but in 7.2 mixes the bytes of two requests that come at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define SECTOR 512
#define WRITE_MAX (1024 * 1024)
#define FLAG_FLUSH 1

static int disk, log_fd, dev;
static const char *place;
static uint64_t entries, log_end = SECTOR;

_Noreturn static void die(const char *what)
{
    perror(what);
    umount2(place, MNT_DETACH);
    exit(1);
}

static void put(int fd, const void *data, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t n = pwrite(fd, data, len, (off_t) offset);
        if (n <= 0)
            die("write");
        data = (const char *) data + n;
        len -= (size_t) n;
        offset += (uint64_t) n;
    }
}

static void note(uint64_t offset, const void *data, size_t len, uint64_t flags)
{
    uint64_t head[SECTOR / 8] = { offset / SECTOR, len / SECTOR, flags, 0 };
    uint64_t super[SECTOR / 8] = { 0x6a736677736872, 1, ++entries, SECTOR };
    put(log_fd, head, sizeof(head), log_end);
    put(log_fd, data, len, log_end + SECTOR);
    log_end += SECTOR + len;
    put(log_fd, super, sizeof(super), 0);
}

static void answer(const struct fuse_in_header *in, int error, const void *data, size_t len)
{
    struct fuse_out_header out = { .len = (uint32_t) (sizeof(out) + len),
                                   .error = error,
                                   .unique = in->unique };
    struct iovec v[] = { { &out, sizeof(out) }, { (void *) data, len } };
    if (writev(dev, v, 2) < 0 && errno != ENOENT) /* ENOENT: interrupted meanwhile */
        die("answer");
}

static void attributes(const struct fuse_in_header *in)
{
    struct stat st;
    struct fuse_attr_out out = { .attr_valid = 3600 };
    if (fstat(disk, &st) < 0)
        die("stat");
    out.attr = (struct fuse_attr){ .ino = 1,
                                   .size = (uint64_t) st.st_size,
                                   .blocks = (uint64_t) st.st_size / 512,
                                   .mode = S_IFREG | 0600,
                                   .nlink = 1,
                                   .blksize = 4096 };
    answer(in, 0, &out, sizeof(out));
}

static void start(const struct fuse_in_header *in, const struct fuse_init_in *wish)
{
    struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
                                 .minor = FUSE_KERNEL_MINOR_VERSION,
                                 .max_readahead = wish->max_readahead,
                                 .flags = FUSE_BIG_WRITES | FUSE_MAX_PAGES,
                                 .max_background = 16,
                                 .congestion_threshold = 12,
                                 .max_write = WRITE_MAX,
                                 .max_pages = WRITE_MAX / 4096,
                                 .time_gran = 1 };
    answer(in, 0, &out, sizeof(out));
}

static void show(const struct fuse_in_header *in, const struct fuse_read_in *rq)
{
    static char buf[WRITE_MAX];
    ssize_t n = pread(disk, buf, rq->size < sizeof(buf) ? rq->size : sizeof(buf), (off_t) rq->offset);
    answer(in, n < 0 ? -errno : 0, buf, n < 0 ? 0 : (size_t) n);
}

static void take(const struct fuse_in_header *in, const struct fuse_write_in *rq)
{
    struct fuse_write_out out = { .size = rq->size };
    if (rq->offset % SECTOR != 0 || rq->size % SECTOR != 0) {
        answer(in, -EINVAL, NULL, 0);
        return;
    }
    note(rq->offset, rq + 1, rq->size, 0);
    put(disk, rq + 1, rq->size, rq->offset);
    answer(in, 0, &out, sizeof(out));
}

static bool serve(const struct fuse_in_header *in)
{
    const void *rest = in + 1;
    struct fuse_open_out open_out = { .open_flags = FOPEN_DIRECT_IO };
    switch (in->opcode) {
    case FUSE_INIT: start(in, rest); break;
    case FUSE_GETATTR: attributes(in); break;
    case FUSE_OPEN: answer(in, 0, &open_out, sizeof(open_out)); break;
    case FUSE_READ: show(in, rest); break;
    case FUSE_WRITE: take(in, rest); break;
    case FUSE_FSYNC:
        note(0, NULL, 0, FLAG_FLUSH);
        answer(in, 0, NULL, 0);
        break;
    case FUSE_FLUSH:
    case FUSE_RELEASE: answer(in, 0, NULL, 0); break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: break;
    case FUSE_DESTROY: answer(in, 0, NULL, 0); return false;
    case FUSE_FALLOCATE: answer(in, -EOPNOTSUPP, NULL, 0); break;
    default: answer(in, -ENOSYS, NULL, 0); break;
    }
    return true;
}

static void stop(int sig)
{
    (void) sig;
    umount2(place, MNT_DETACH);
    _exit(0);
}

int main(int argc, char **argv)
{
    static char buf[WRITE_MAX + 65536] __attribute__((aligned(8)));
    char options[100];
    if (argc != 4) {
        fprintf(stderr, "usage: recorder DISK LOG MOUNTPOINT\n");
        return 2;
    }
    place = argv[3];
    disk = open(argv[1], O_RDWR | O_CLOEXEC);
    log_fd = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    snprintf(options, sizeof(options), "fd=%d,rootmode=100600,user_id=0,group_id=0", dev);
    if (disk < 0 || log_fd < 0 || dev < 0 ||
        mount("recorder", place, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
        perror("recorder");
        return 1;
    }
    signal(SIGTERM, stop);
    for (;;) {
        ssize_t n = read(dev, buf, sizeof(buf));
        if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT))
            continue;
        if (n < 0 && errno == ENODEV) /* unmounted */
            return 0;
        if (n < 0)
            die("read");
        if (!serve((const void *) buf))
            return 0;
    }
}
