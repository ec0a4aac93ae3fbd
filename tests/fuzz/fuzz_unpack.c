// SPDX-License-Identifier: Apache-2.0
/*
 * A layer, from its first byte to files: whatever the archive says, nothing outside the directory changes, data lie inside
 * their file and in order, and the tree can be removed again. Header checksums are put right first, or nothing would ever
 * get past them. Without the worker's sandbox: what it would stop must not happen in the first place.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/extract.h"
#include "sys/file.h"

static char dir[] = "/tmp/oakum-fuzz-unpack.XXXXXX";
static int top = -1;

static void leave(void)
{
    unlinkat(top, "canary", 0);
    rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    MUST(mkdtemp(dir) != NULL);
    top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = openat(top, "canary", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    MUST(fd >= 0 && write(fd, "canary", 6) == 6);
    close(fd);
    umask(0);
    atexit(leave);
    return 0;
}

static int see(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    MUST(strcmp(name, "root") == 0 || strcmp(name, "canary") == 0);
    ++*(int *) arg;
    return 0;
}

static void check_outside(const struct stat *before)
{
    struct stat now;
    int n = 0;
    MUST(fstatat(top, "canary", &now, AT_SYMLINK_NOFOLLOW) == 0);
    MUST(now.st_ino == before->st_ino && now.st_mode == before->st_mode && now.st_uid == before->st_uid &&
         now.st_nlink == 1 && now.st_size == 6 && now.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
         now.st_ctim.tv_nsec == before->st_ctim.tv_nsec);
    MUST(dir_each(top, ".", see, &n, NULL) == 0 && n == 2);
}

static void fix_checksums(uint8_t *data, size_t size)
{
    for (uint8_t *h = data; h + 512 <= data + size; h += 512) {
        unsigned sum = 0;
        if (memcmp(h + 257, "ustar", 5) != 0)
            continue;
        memset(h + 148, ' ', 8);
        for (int i = 0; i < 512; i++)
            sum += h[i];
        for (int i = 5; i >= 0; i--, sum >>= 3)
            h[148 + i] = (uint8_t) ('0' + (sum & 7));
        h[154] = '\0';
    }
}

static int in_memory(const uint8_t *data, size_t size)
{
    int fd = memfd_create("input", MFD_CLOEXEC);
    uint8_t *copy = malloc(size + 1);
    MUST(fd >= 0 && copy != NULL);
    memcpy(copy, data, size);
    fix_checksums(copy, size);
    MUST(write(fd, copy, size) == (ssize_t) size && lseek(fd, 0, SEEK_SET) == 0);
    free(copy);
    return fd;
}

/* The data of each member, without making a file. */
static void read_only(int fd)
{
    struct stream_limits limits = { 16 << 20, 0, 0 };
    struct stream *s;
    struct tar_entry e;
    if (stream_open(fd, -1, &limits, &s, NULL) < 0)
        return;
    struct tar *t = tar_new(s);
    while (tar_next(t, &e, NULL) > 0) {
        uint64_t offset, end = 0;
        const uint8_t *p;
        size_t len;
        while (tar_data(t, &offset, &p, &len, NULL) > 0) {
            MUST(len > 0 && offset >= end && offset <= e.size && len <= e.size - offset);
            end = offset + len;
        }
    }
    tar_free(t);
    stream_close(s);
}

static void unpack(int fd, bool files)
{
    struct stream_limits limits = { 16 << 20, 0, 0 };
    struct stream *s;
    struct tar_entry e;
    MUST(mkdirat(top, "root", 0755) == 0);
    struct extract_options o = {
        .root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
        .max_bytes = 1 << 20,
        .max_inodes = 200,
    };
    if (stream_open(fd, -1, &limits, &s, NULL) == 0) {
        struct tar *t = tar_new(s);
        struct extract *x = extract_new(&o);
        int r = 0;
        if (files)
            extract_set_form(x, EXTRACT_FILES);
        while (r == 0 && tar_next(t, &e, NULL) > 0)
            r = extract_member(x, t, &e, NULL);
        if (r == 0)
            r = extract_finish(x, NULL);
        MUST(extract_stats(x)->inodes <= o.max_inodes && extract_stats(x)->bytes <= o.max_bytes);
        extract_free(x);
        tar_free(t);
        stream_close(s);
    }
    close(o.root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stat before;
    int fd = in_memory(data, size);
    MUST(fstatat(top, "canary", &before, AT_SYMLINK_NOFOLLOW) == 0);
    read_only(fd);
    for (int files = 0; files < 2; files++) {
        MUST(lseek(fd, 0, SEEK_SET) == 0);
        unpack(fd, files != 0);
        check_outside(&before);
        MUST(tree_remove(top, "root", NULL) == 0);
    }
    close(fd);
    return 0;
}
