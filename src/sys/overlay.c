// SPDX-License-Identifier: Apache-2.0
/*
 * How: see the header. By mount(2) the layers go by the numbers of their descriptors, relative to /proc/self/fd: by their paths not even
 * 127 would fit into a page. fsconfig's strings end at 255 bytes there.
 */
#include "sys/overlay.h"

#include <errno.h>

#include "base/strbuf.h"
#include "sys/file.h"
#include "sys/mnt.h"

static int name_by_fd(const struct overlay *o, int fs)
{
    for (size_t i = 0; i < o->n_layers; i++)
        if (sys_fsconfig(fs, FSCONFIG_SET_FD, "lowerdir+", NULL, o->layers[i]) < 0)
            return -errno;
    return 0;
}

static int name_one_by_one(const struct overlay *o, int fs)
{
    for (size_t i = 0; i < o->n_layers; i++) {
        char path[40];
        if (str_format(path, sizeof(path), "/proc/self/fd/%d", o->layers[i]) < 0 ||
            sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", path, 0) < 0)
            return -errno;
    }
    return 0;
}

static int set_directory(int fs, const char *key, int dir_fd, const char *name, struct error *err)
{
    char path[256];
    if (str_format(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name) < 0)
        return error_set(err, -ENAMETOOLONG, "%s is too long", key);
    if (sys_fsconfig(fs, FSCONFIG_SET_STRING, key, path, 0) < 0)
        return error_errno(err, -errno, "cannot set %s of the overlay", key);
    return 0;
}

static int set_upper(const struct overlay *o, int fs, struct error *err)
{
    if (!o->upper)
        return 0;
    int r = set_directory(fs, "upperdir", o->upper_parent, o->upper, err);
    return r < 0 ? r : set_directory(fs, "workdir", o->upper_parent, o->work, err);
}

static int set_label(const struct overlay *o, int fs, struct error *err)
{
    char key[16];
    const char *equals = o->label ? strchr(o->label, '=') : NULL;
    if (!equals)
        return 0;
    if (str_format(key, sizeof(key), "%.*s", (int) (equals - o->label), o->label) < 0 ||
        sys_fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0) < 0)
        return error_errno(err, -errno, "linux.mountLabel: cannot be set for the overlay");
    return 0;
}

/* A new context each time: one in which an option failed is spoilt. */
static int new_context(const struct overlay *o, struct error *err)
{
    int fs = sys_fsopen("overlay", FSOPEN_CLOEXEC);
    if (fs < 0)
        return error_errno(err, -errno, "this kernel has no overlay file system for us");
    if (o->userxattr && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0) {
        int code = -errno;
        close(fs);
        return error_errno(err, code, "overlay in a user namespace");
    }
    return fs;
}

static int add_upper(const struct overlay *o, struct strbuf *options, struct error *err)
{
    if (!o->upper)
        return 0;
    if (strpbrk(o->upper, ",\\") || strpbrk(o->work, ",\\"))
        return error_set(
            err, -EINVAL,
            "this kernel (before 6.5) takes no comma or backslash in the upper directory's name");
    strbuf_addf(options, ",upperdir=%d/%s,workdir=%d/%s", o->upper_parent, o->upper, o->upper_parent,
                o->work);
    return 0;
}

static int mount_older(const struct overlay *o, struct error *err)
{
    _cleanup_strbuf_ struct strbuf options = STRBUF_INIT;
    char place[24];
    for (size_t i = 0; i < o->n_layers; i++)
        strbuf_addf(&options, "%s%d", i > 0 ? ":" : "lowerdir=", o->layers[i]);
    if (o->userxattr)
        strbuf_adds(&options, ",userxattr");
    if (o->label) {
        /* The categories of a label have commas between them. */
        int key = (int) strcspn(o->label, "=");
        strbuf_addf(&options, ",%.*s=\"%s\"", key, o->label, o->label + key + 1);
    }
    int r = add_upper(o, &options, err);
    if (r >= 0)
        r = str_format(place, sizeof(place), "%d/root", o->stage);
    if (r < 0)
        return r;
    if ((mkdirat(o->stage, "root", 0700) < 0 && errno != EEXIST) || chdir("/proc/self/fd") < 0)
        return error_errno(err, -errno, "cannot make the place of the overlay");
    if (mount("overlay", place, "overlay", 0, options.buf) < 0)
        return error_errno(err, -errno, "cannot mount an overlay of %zu layers", o->n_layers);
    _cleanup_close_ int fd = file_open(o->stage, "root", O_PATH | O_DIRECTORY, 0, err);
    r = fd < 0 ? fd : mnt_setattr(fd, o->attr, 0, false, err);
    return r < 0 ? r : TAKE_FD(fd);
}

int overlay_mount(const struct overlay *o, struct error *err)
{
    for (int way = 0; way < 2; way++) {
        _cleanup_close_ int fs = new_context(o, err);
        if (fs < 0)
            return fs;
        int r = way == 0 ? name_by_fd(o, fs) : name_one_by_one(o, fs);
        if (r == -EBADF && way == 0) /* Linux 6.12 knows the option, but takes no O_PATH descriptor */
            continue;
        if (r == -EOPNOTSUPP) /* before 6.5 strings are collected whatever they are, and refused at the end */
            break;
        if (r == -EINVAL)
            continue;
        if (r < 0)
            return error_errno(err, r, "cannot name the layers of the overlay");
        r = set_upper(o, fs, err);
        if (r >= 0)
            r = set_label(o, fs, err);
        if (r < 0)
            return r;
        if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
            return error_errno(err, -errno, "cannot mount an overlay of %zu layers", o->n_layers);
        int mnt = sys_fsmount(fs, FSMOUNT_CLOEXEC, (unsigned) o->attr);
        return mnt < 0 ? error_errno(err, -errno, "cannot mount the overlay") : mnt;
    }
    return mount_older(o, err);
}
