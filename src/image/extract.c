// SPDX-License-Identifier: Apache-2.0
/*
 * How: each member's name is split into parent and last component. The parent is opened with openat2 from the root's
 * descriptor, first without any link on the way; everything after that is done with *at() calls on that descriptor and a
 * single component that is never followed. The parent stays open for the next member, which mostly has the same one.
 *
 * Directory times: making something in a directory changes its time, and a million directories' times do not fit in memory.
 * So the time is noted when a parent is entered and put back when it is left; there is only ever one to remember.
 *
 * Threats: CVE-2021-29136 and its kin: `..`, absolute names, links as parents, hard links to the outside, a second member
 * through the link that the first one made, whiteouts named `.` and `..`, an opaque mark through a link, device nodes,
 * trusted.* xattrs that pose as overlay's own, files without end and without number. The worker's Landlock domain, chroot
 * and seccomp filter stand behind this as a second wall.
 */
#include "image/extract.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/table.h"
#include "sys/file.h"
#include "sys/root.h"

#define NAME_LEN_MAX 4095
#define DEPTH_MAX 512 /* deeper trees cannot be removed with a sane number of descriptors */
#define SHOWN_MAX 200
#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct extract {
    struct extract_options o;
    struct extract_stats stats;
    enum extract_form form;
    struct strbuf name, target;
    /* The parent of the last member. */
    char *dir; /* NULL: none is open */
    int dirfd;
    bool dir_changed; /* its time must be put back */
    bool dir_by_link; /* the way to it led over a symbolic link */
    struct timespec dir_mtime;
    char shown[4 * SHOWN_MAX + 8];
};

struct extract *extract_new(const struct extract_options *o)
{
    struct extract *x = xcalloc(1, sizeof(*x));

    x->o = *o;
    x->dirfd = -1;
    x->name = x->target = (struct strbuf) STRBUF_INIT;
    return x;
}

void extract_free(struct extract *x)
{
    if (x == NULL)
        return;
    if (x->dirfd >= 0)
        close(x->dirfd);
    free(x->dir);
    strbuf_free(&x->name);
    strbuf_free(&x->target);
    free(x);
}

void extract_set_form(struct extract *x, enum extract_form form)
{
    x->form = form;
}

const struct extract_stats *extract_stats(const struct extract *x)
{
    return &x->stats;
}

/* A name for a message: neutral and not endless. */
static const char *shown(struct extract *x, const char *name)
{
    struct strbuf sb = STRBUF_INIT;
    char cut[SHOWN_MAX + 4];
    size_t n = strlen(name);

    memcpy(cut, name, MIN_OF(n, (size_t) SHOWN_MAX));
    cut[MIN_OF(n, (size_t) SHOWN_MAX)] = '\0';
    if (n > SHOWN_MAX)
        memcpy(cut + SHOWN_MAX, "...", 4);
    text_neutralise(&sb, cut);
    n = MIN_OF(sb.len, sizeof(x->shown) - 1);
    memcpy(x->shown, sb.buf, n);
    x->shown[n] = '\0';
    strbuf_free(&sb);
    return x->shown;
}

static int refuse(struct extract *x, const char *name, const char *why, struct error *err)
{
    return error_set(err, -EINVAL, "the archive's member \"%s\" is refused: %s", shown(x, name), why);
}

/* The same for a directory on the way to a member. */
static int refuse_below(struct extract *x, const char *dir, const char *why, struct error *err)
{
    return error_set(err, -EINVAL, "the archive's members below \"%s\" are refused: %s", shown(x, dir), why);
}

static int failed(struct extract *x, const char *what, const char *name, struct error *err)
{
    int code = -errno;

    return error_errno(err, code, "cannot %s \"%s\"", what, shown(x, name));
}

int extract_clean_name(const char *name, struct strbuf *ret, struct error *err)
{
    int depth = 0;

    strbuf_reset(ret);
    while (*name != '\0') {
        size_t n = strcspn(name, "/");
        if (n == 2 && memcmp(name, "..", 2) == 0)
            return error_set(err, -EINVAL, "it has a \"..\" in its name");
        if (n > 0 && !(n == 1 && name[0] == '.')) {
            if (ret->len > 0)
                strbuf_addc(ret, '/');
            strbuf_add(ret, name, n);
            depth++;
        }
        name += n + (name[n] == '/');
    }
    if (ret->len > NAME_LEN_MAX)
        return error_set(err, -EINVAL, "its name is longer than %d bytes", NAME_LEN_MAX);
    if (depth > DEPTH_MAX)
        return error_set(err, -EINVAL, "it lies more than %d directories deep", DEPTH_MAX);
    return 0;
}

static int clean(struct extract *x, const char *name, const char *member, struct strbuf *ret,
                 struct error *err)
{
    struct error why = { 0 };
    int r = extract_clean_name(name, ret, &why);

    return r < 0 ? refuse(x, member, why.msg, err) : 0;
}

static int count_inode(struct extract *x, struct error *err)
{
    if (x->stats.inodes >= x->o.max_inodes)
        return error_set(err, -EFBIG, "the archive has more than the limit of %llu files",
                         (unsigned long long) x->o.max_inodes);
    x->stats.inodes++;
    return 0;
}

/* --- the parent directory --- */

static int leave_dir(struct extract *x, struct error *err)
{
    if (x->dirfd < 0)
        return 0;
    struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, x->dir_mtime };
    int r = 0;
    bool ours = x->form == EXTRACT_LAYER || (x->form == EXTRACT_COPY && !str_empty(x->dir));
    if (x->dir_changed && ours && futimens(x->dirfd, times) < 0)
        r = failed(x, "set the time of", x->dir, err);
    close(x->dirfd);
    x->dirfd = -1;
    free(x->dir);
    x->dir = NULL;
    x->dir_changed = false;
    return r;
}

/* How many directories lie between fd and the root; a link as parent hides that. */
static int check_depth(struct extract *x, int fd, const char *path, struct error *err)
{
    _cleanup_close_ int at = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    struct stat root, st;

    if (at < 0 || fstat(x->o.root, &root) < 0)
        return failed(x, "look at", path, err);
    for (int depth = 0; depth <= DEPTH_MAX; depth++) {
        if (fstat(at, &st) < 0)
            return failed(x, "look at", path, err);
        if (st.st_ino == root.st_ino && st.st_dev == root.st_dev)
            return 0;
        int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (up < 0)
            return failed(x, "look above", path, err);
        close(at);
        at = up;
    }
    return refuse_below(x, path, "they lie too deep, by way of links", err);
}

/* A descriptor of the directory at path. -ENOENT without a message when there is none, or only a link to nowhere. */
static int open_dir(struct extract *x, const char *path, bool *by_link, struct error *err)
{
    *by_link = false;
    int fd = sys_openat2(x->o.root, *path != '\0' ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
    if (fd < 0 && errno == ENOENT)
        return -ENOENT;
    if (fd < 0 && errno == ENOTDIR)
        return refuse_below(x, path, "something that is not a directory is in their way", err);
    if (fd < 0 && errno != ELOOP)
        return failed(x, "open", path, err);
    if (fd >= 0)
        return fd;
    *by_link = true;
    if (x->form == EXTRACT_COPY && !x->o.links_in_root) {
        fd = sys_openat2(x->o.root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
                         RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
        if (fd < 0 && errno == EXDEV)
            return refuse_below(x, path, "a link in their way leads out of the directory", err);
        fd = fd < 0 ? -errno : fd;
    } else {
        fd = root_open(x->o.root, path, O_RDONLY | O_DIRECTORY, NULL);
    }
    if (fd == -ENOENT)
        return -ENOENT;
    if (fd < 0)
        return error_errno(err, fd, "cannot open \"%s\"", shown(x, path));
    int r = check_depth(x, fd, path, err);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

static int enter_dir(struct extract *x, const char *path, struct error *err)
{
    struct stat st;
    bool by_link;

    if (x->dir != NULL && str_eq(x->dir, path))
        return 0;
    int fd = open_dir(x, path, &by_link, err);
    if (fd < 0)
        return fd;
    int r = leave_dir(x, err);
    if (r == 0 && fstat(fd, &st) < 0)
        r = failed(x, "look at", path, err);
    if (r < 0) {
        close(fd);
        return r;
    }
    /* Leaving may have been what changed its time back, when two paths lead to one directory: fstat comes after it. */
    x->dirfd = fd;
    x->dir = xstrdup(path);
    x->dir_by_link = by_link;
    x->dir_mtime = st.st_mtim;
    return 0;
}

/* Enters the directory at path[0..len), making what is missing. */
static int enter_parent(struct extract *x, const char *path, size_t len, struct error *err)
{
    _cleanup_free_ char *dir = xstrndup(path, len);
    struct timespec zero[2] = { { 0 } };

    int r = enter_dir(x, dir, err);
    if (r != -ENOENT || len == 0)
        return r;
    const char *slash = memrchr(dir, '/', len);
    size_t up = slash == NULL ? 0 : (size_t) (slash - dir);
    const char *base = slash == NULL ? dir : slash + 1;
    r = enter_parent(x, dir, up, err);
    if (r == 0)
        r = count_inode(x, err);
    if (r < 0)
        return r;
    x->dir_changed = true;
    if (mkdirat(x->dirfd, base, x->form == EXTRACT_FILES ? 0700 : 0755) < 0) {
        if (errno == EEXIST)
            return refuse_below(x, dir, "a link that leads nowhere is in their way", err);
        return failed(x, "make the directory", dir, err);
    }
    if (x->form == EXTRACT_LAYER && (fchownat(x->dirfd, base, 0, 0, AT_SYMLINK_NOFOLLOW) < 0 ||
                                     utimensat(x->dirfd, base, zero, AT_SYMLINK_NOFOLLOW) < 0))
        return failed(x, "make the directory", dir, err);
    return enter_dir(x, dir, err);
}

/* Splits a clean name, enters its parent; the last component. */
static int enter_parent_of(struct extract *x, const char *name, const char **ret_base, struct error *err)
{
    const char *slash = strrchr(name, '/');

    *ret_base = slash == NULL ? name : slash + 1;
    return enter_parent(x, name, slash == NULL ? 0 : (size_t) (slash - name), err);
}

/* --- attributes --- */

static bool xattr_allowed(const struct extract *x, const struct tar_entry *e, const char *name)
{
    if (str_eq(name, "security.capability"))
        return e->type == TAR_FILE && !x->o.plain_modes;
    return str_after(name, "user.") != NULL && str_after(name, "user.overlay.") == NULL;
}

static int set_xattrs(struct extract *x, int fd, const struct tar_entry *e, struct error *err)
{
    for (size_t i = 0; i < e->n_xattrs; i++) {
        const struct tar_xattr *a = &e->xattrs[i];
        if (!xattr_allowed(x, e, a->name)) {
            x->stats.xattrs++;
        } else if (fsetxattr(fd, a->name, a->value, a->len, 0) < 0) {
            if (errno != EOPNOTSUPP || str_eq(a->name, "security.capability"))
                return failed(x, "set an extended attribute of", e->name, err);
            x->stats.xattrs++;
        }
    }
    return 0;
}

/* Owner first: changing it clears setuid and file capabilities. */
static int set_attributes(struct extract *x, int fd, const struct tar_entry *e, struct error *err)
{
    struct timespec times[2] = { e->mtime, e->mtime };

    if (x->form == EXTRACT_FILES)
        return 0;
    if (!x->o.one_owner && fchown(fd, e->uid, e->gid) < 0)
        return failed(x, "set the owner of", e->name, err);
    if (fchmod(fd, x->o.plain_modes ? e->mode & 01777 : e->mode) < 0)
        return failed(x, "set the mode of", e->name, err);
    int r = set_xattrs(x, fd, e, err);
    if (r == 0 && futimens(fd, times) < 0)
        r = failed(x, "set the time of", e->name, err);
    return r;
}

static int set_attributes_at(struct extract *x, const char *base, const struct tar_entry *e,
                             struct error *err)
{
    struct timespec times[2] = { e->mtime, e->mtime };

    if (x->form == EXTRACT_FILES)
        return 0;
    x->stats.xattrs += e->n_xattrs;
    if (!x->o.one_owner && fchownat(x->dirfd, base, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return failed(x, "set the owner of", e->name, err);
    if (utimensat(x->dirfd, base, times, AT_SYMLINK_NOFOLLOW) < 0)
        return failed(x, "set the time of", e->name, err);
    return 0;
}

/* --- whiteouts --- */

static bool is_whiteout(const struct stat *st)
{
    return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static int mark_opaque(struct extract *x, int fd, const char *name, struct error *err)
{
    if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0 && errno != EOPNOTSUPP)
        return failed(x, "mark as opaque", name, err);
    return x->o.opaque != NULL ? x->o.opaque(x->o.arg, fd, err) : 0;
}

static int mark_opaque_at(struct extract *x, const char *base, const char *name, struct error *err)
{
    _cleanup_close_ int fd = openat(x->dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return failed(x, "open", name, err);
    return mark_opaque(x, fd, name, err);
}

/* base begins with ".wh." */
static int whiteout(struct extract *x, const char *name, const char *base, struct error *err)
{
    const char *hidden = base + strlen(WHITEOUT);
    struct stat st;

    if (str_after(base, WHITEOUT_META) != NULL && !str_eq(base, WHITEOUT_OPAQUE))
        return 0; /* aufs's own notes (.wh..wh.plnk, .wh..wh.orph): nothing in them is part of the image */
    if (*hidden == '\0' || str_eq(hidden, ".") || str_eq(hidden, ".."))
        return refuse(x, name, "it is a whiteout of nothing, \".\" or \"..\"", err);
    int r = enter_parent_of(x, name, &base, err);
    if (r < 0)
        return r;
    if (x->dir_by_link)
        return refuse(x, name, "it is a whiteout below a symbolic link", err);
    if (str_eq(base, WHITEOUT_OPAQUE))
        return mark_opaque(x, x->dirfd, name, err);
    if (fstatat(x->dirfd, hidden, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR(st.st_mode) ? mark_opaque_at(x, hidden, name, err) : 0;
    r = count_inode(x, err);
    if (r < 0)
        return r;
    x->dir_changed = true;
    struct timespec zero[2] = { { 0 } };
    if (mknodat(x->dirfd, hidden, S_IFCHR, 0) < 0 ||
        utimensat(x->dirfd, hidden, zero, AT_SYMLINK_NOFOLLOW) < 0)
        return failed(x, "make the whiteout", name, err);
    return 0;
}

/* --- members --- */

/* Makes room for a member that is no directory. */
static int clear_name(struct extract *x, const char *base, struct error *err)
{
    x->dir_changed = true;
    if (unlinkat(x->dirfd, base, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno == EISDIR && x->form == EXTRACT_COPY)
        return refuse(x, base, "there is a directory of that name", err);
    if (errno == EBUSY && x->form == EXTRACT_COPY)
        return refuse(x, base, "something is mounted there", err);
    if (errno == EISDIR)
        return tree_remove(x->dirfd, base, err);
    return failed(x, "replace", base, err);
}

static int write_data(struct extract *x, struct tar *t, int fd, const struct tar_entry *e, struct error *err)
{
    uint64_t offset, end = 0;
    const uint8_t *p;
    size_t len;
    int r;

    while ((r = tar_data(t, &offset, &p, &len, err)) > 0) {
        while (len > 0) {
            ssize_t n = pwrite(fd, p, len, (off_t) offset);
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return failed(x, "write", e->name, err);
            p += n;
            len -= (size_t) n;
            offset += (uint64_t) n;
        }
        end = offset;
    }
    if (r == 0 && end < e->size && ftruncate(fd, (off_t) e->size) < 0)
        return failed(x, "write", e->name, err);
    return r;
}

static int make_file(struct extract *x, struct tar *t, const struct tar_entry *e, const char *base,
                     struct error *err)
{
    if (e->size > x->o.max_bytes - MIN_OF(x->stats.bytes, x->o.max_bytes))
        return error_set(err, -EFBIG, "the archive's files are together larger than the limit of %llu bytes",
                         (unsigned long long) x->o.max_bytes);
    x->stats.bytes += e->size;
    x->dir_changed = true;
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    _cleanup_close_ int fd = openat(x->dirfd, base, flags, 0600);
    if (fd < 0 && errno == EEXIST) {
        int r = clear_name(x, base, err);
        if (r < 0)
            return r;
        fd = openat(x->dirfd, base, flags, 0600);
    }
    if (fd < 0)
        return failed(x, "make the file", e->name, err);
    int r = write_data(x, t, fd, e, err);
    return r < 0 ? r : set_attributes(x, fd, e, err);
}

static int make_dir(struct extract *x, const struct tar_entry *e, const char *base, struct error *err)
{
    bool replaced_whiteout = false;
    struct stat st;

    x->dir_changed = true;
    if (mkdirat(x->dirfd, base, 0700) < 0) {
        if (errno != EEXIST || fstatat(x->dirfd, base, &st, AT_SYMLINK_NOFOLLOW) < 0)
            return failed(x, "make the directory", e->name, err);
        if (x->form == EXTRACT_COPY && !S_ISDIR(st.st_mode))
            return refuse(x, e->name, "it is a directory, and a file of that name is there", err);
        replaced_whiteout = is_whiteout(&st);
        if (!S_ISDIR(st.st_mode) && (unlinkat(x->dirfd, base, 0) < 0 || mkdirat(x->dirfd, base, 0700) < 0))
            return failed(x, "make the directory", e->name, err);
    }
    _cleanup_close_ int fd = openat(x->dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return failed(x, "open the directory", e->name, err);
    /* The whiteout hid what lower layers have there; it must stay hidden under the new directory. */
    int r = replaced_whiteout ? mark_opaque(x, fd, e->name, err) : 0;
    return r < 0 ? r : set_attributes(x, fd, e, err);
}

static int make_symlink(struct extract *x, const struct tar_entry *e, const char *base, struct error *err)
{
    if (*e->link == '\0' || strlen(e->link) > NAME_LEN_MAX)
        return refuse(x, e->name, "its link target is empty or too long", err);
    x->dir_changed = true;
    int r = symlinkat(e->link, x->dirfd, base);
    if (r < 0 && errno == EEXIST) {
        r = clear_name(x, base, err);
        if (r < 0)
            return r;
        r = symlinkat(e->link, x->dirfd, base);
    }
    return r < 0 ? failed(x, "make the link", e->name, err) : set_attributes_at(x, base, e, err);
}

/* The target is a name inside the archive, whatever it looks like. */
static int make_hardlink(struct extract *x, const struct tar_entry *e, const char *base, struct error *err)
{
    struct stat st, old;
    bool by_link;

    int r = clean(x, e->link, e->name, &x->target, err);
    if (r < 0)
        return r;
    char *slash = strrchr(x->target.buf, '/');
    const char *target = slash == NULL ? x->target.buf : slash + 1;
    if (slash != NULL)
        *slash = '\0';
    if (*target == '\0')
        return refuse(x, e->name, "it is a hard link to the root", err);
    _cleanup_close_ int fd = open_dir(x, slash == NULL ? "" : x->target.buf, &by_link, err);
    if (fd < 0 && fd != -ENOENT)
        return fd;
    if (fd < 0 || fstatat(fd, target, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return refuse(x, e->name, "it is a hard link to a file that is not in the archive before it", err);
    if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode) && !S_ISFIFO(st.st_mode))
        return refuse(x, e->name, "it is a hard link to a directory or a whiteout", err);
    if (fstatat(x->dirfd, base, &old, AT_SYMLINK_NOFOLLOW) == 0 && old.st_ino == st.st_ino &&
        old.st_dev == st.st_dev)
        return 0;
    r = clear_name(x, base, err);
    if (r < 0)
        return r;
    if (linkat(fd, target, x->dirfd, base, 0) < 0)
        return failed(x, "make the hard link", e->name, err);
    return 0;
}

static int make_fifo(struct extract *x, const struct tar_entry *e, const char *base, struct error *err)
{
    if (x->form == EXTRACT_FILES)
        return refuse(x, e->name, "an image archive has no FIFOs in it", err);
    int r = clear_name(x, base, err);
    if (r < 0)
        return r;
    if (mknodat(x->dirfd, base, S_IFIFO | (e->mode & 0777), 0) < 0)
        return failed(x, "make the FIFO", e->name, err);
    return set_attributes_at(x, base, e, err);
}

static int leave_out_device(struct extract *x, const struct tar_entry *e, struct error *err)
{
    if (x->o.refuse_devices || x->form == EXTRACT_FILES)
        return refuse(x, e->name, "it is a device", err);
    if (x->stats.devices++ == 0) {
        const char *s = shown(x, e->name);
        size_t n = MIN_OF(strlen(s), sizeof(x->stats.first_device) - 1);
        memcpy(x->stats.first_device, s, n);
    }
    return 0;
}

/* The member is the root itself. */
static int set_root(struct extract *x, const struct tar_entry *e, struct error *err)
{
    if (e->type != TAR_DIR)
        return refuse(x, e->name, "it would replace the root", err);
    int r = leave_dir(x, err);
    return r < 0 || x->form == EXTRACT_COPY ? r : set_attributes(x, x->o.root, e, err);
}

/* A component before the last one that has a whiteout's name. 1: part of aufs's notes, to be left out. */
static int whiteout_inside(struct extract *x, const char *name, const char *base, struct error *err)
{
    const char *p = name;

    while (p < base) {
        if (str_after(p, WHITEOUT_META) != NULL)
            return 1;
        if (str_after(p, WHITEOUT) != NULL)
            return refuse(x, name, "a directory on the way has a whiteout's name", err);
        p += strcspn(p, "/") + 1;
    }
    return 0;
}

int extract_member(struct extract *x, struct tar *t, const struct tar_entry *e, struct error *err)
{
    const char *base;

    int r = clean(x, e->name, e->name, &x->name, err);
    if (r < 0)
        return r;
    const char *name = x->name.buf;
    if (*name == '\0')
        return set_root(x, e, err);
    base = strrchr(name, '/');
    base = base == NULL ? name : base + 1;
    if (x->form == EXTRACT_LAYER) {
        r = whiteout_inside(x, name, base, err);
        if (r != 0)
            return r < 0 ? r : 0;
        if (str_after(base, WHITEOUT) != NULL)
            return whiteout(x, name, base, err);
    }
    if (e->type == TAR_CHAR || e->type == TAR_BLOCK)
        return leave_out_device(x, e, err);
    r = enter_parent_of(x, name, &base, err);
    if (r == 0)
        r = count_inode(x, err);
    if (r < 0)
        return r;
    switch (e->type) {
    case TAR_FILE: return make_file(x, t, e, base, err);
    case TAR_DIR: return make_dir(x, e, base, err);
    case TAR_SYMLINK: return make_symlink(x, e, base, err);
    case TAR_HARDLINK: return make_hardlink(x, e, base, err);
    default: return make_fifo(x, e, base, err);
    }
}

int extract_finish(struct extract *x, struct error *err)
{
    return leave_dir(x, err);
}
