// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the pool is cut into slots of 65536 ids. A claim begins at a random slot and probes on until symlinkat() creates
 * a link, so in the usual case a claim is one system call whatever the number of containers. Slots that /etc/subuid or
 * /etc/subgid gives to somebody are never tried.
 *
 * A range that is shared has a directory beside its link. Giving back looks for it by one rmdir, so a container that never shared
 * anything pays for that and the lock only. Whoever is killed between two steps leaves a state that the next one mends: an owner
 * that also has a share (its own is dropped first), a share of a container that is gone, FIRST.heir.
 *
 * Threat: two containers (or a container and a rootless user) that share host ids can signal each other and read each other's
 * files once one of them has escaped its mount namespace.
 */
#include "confine/idmap.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>

#include "base/parse.h"
#include "sys/file.h"

#define POOL_FIRST 0x40000000u
#define POOL_LAST \
    0x7FFEFFFFu /* the last id of the pool; 0x7FFF…… and above is left to container managers' dynamic users */
#define SUBID_USER "oakum"
#define SUBID_MAX (1024 * 1024)
#define TAKEN_MAX 4096
#define OWNER_MAX 256

struct range {
    uint32_t first, count;
};

struct pool {
    struct range *taken; /* given to others by subuid or subgid */
    size_t n_taken;
    struct range own; /* given to oakum; count 0: none */
};

/* One "name:first:count" line; lines that are not of that form are somebody else's problem (useradd ignores them too). */
static bool parse_line(char *line, const char **ret_name, struct range *ret)
{
    char *first = strchr(line, ':');
    char *count = first ? strchr(first + 1, ':') : NULL;
    if (line[0] == '#' || !count)
        return false;
    *first++ = '\0';
    *count++ = '\0';
    *ret_name = line;
    return parse_u32(first, &ret->first) == 0 && parse_u32(count, &ret->count) == 0 && ret->count > 0;
}

static int read_subids(const char *path, struct pool *pool, struct range *own, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int r = file_read(AT_FDCWD, path, SUBID_MAX, &text, NULL, NULL);
    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return error_errno(err, r, "cannot read %s", path);
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *name;
        struct range range;
        if (!parse_line(line, &name, &range))
            continue;
        if (str_eq(name, SUBID_USER)) {
            if (own->count == 0)
                *own = range;
            continue;
        }
        if (pool->n_taken == TAKEN_MAX)
            return error_set(err, -E2BIG, "%s has more than %d entries", path, TAKEN_MAX);
        pool->taken = xreallocarray(pool->taken, pool->n_taken + 1, sizeof(*pool->taken));
        pool->taken[pool->n_taken++] = range;
    }
    return 0;
}

static int pool_read(struct pool *pool, struct error *err)
{
    struct range uids = { 0 }, gids = { 0 };
    int r = read_subids("/etc/subuid", pool, &uids, err);
    if (r >= 0)
        r = read_subids("/etc/subgid", pool, &gids, err);
    if (r < 0)
        return r;
    if (uids.count != gids.count || uids.first != gids.first)
        return error_set(err, -EINVAL,
                         "/etc/subuid and /etc/subgid give different ranges to \"" SUBID_USER
                         "\": make the two lines equal");
    if (uids.count > 0 && uids.count < IDMAP_RANGE)
        return error_set(err, -EINVAL, "/etc/subuid gives \"" SUBID_USER "\" %u ids; a container needs %u",
                         uids.count, IDMAP_RANGE);
    /* Id 0 is the host's root, 2^32-1 is no id, and the ids of a claim are counted on from its first without a carry. */
    if (uids.count > 0 && (uids.first == 0 || (uint64_t) uids.first + uids.count > UINT32_MAX))
        return error_set(err, -EINVAL,
                         "/etc/subuid gives \"" SUBID_USER
                         "\" the host's root, or ids that there are not: %u and %u more",
                         uids.first, uids.count - 1);
    pool->own = uids.count > 0 ? uids : (struct range){ POOL_FIRST, POOL_LAST - POOL_FIRST + 1 };
    return 0;
}

static bool is_taken(const struct pool *pool, uint32_t first)
{
    uint64_t end = (uint64_t) first + IDMAP_RANGE;
    for (size_t i = 0; i < pool->n_taken; i++)
        if (first < (uint64_t) pool->taken[i].first + pool->taken[i].count && pool->taken[i].first < end)
            return true;
    return false;
}

static int claim_slot(int dirfd, const char *owner, const struct pool *pool, uint32_t *ret_first,
                      struct error *err)
{
    uint32_t slots = pool->own.count / IDMAP_RANGE, start = 0;
    if (getrandom(&start, sizeof(start), 0) != (ssize_t) sizeof(start))
        start = (uint32_t) getpid();
    for (uint32_t i = 0; i < slots; i++) {
        uint32_t first = pool->own.first + (uint32_t) (((uint64_t) start + i) % slots) * IDMAP_RANGE;
        char name[16];
        if (is_taken(pool, first) || str_format(name, sizeof(name), "%u", first) < 0)
            continue;
        if (symlinkat(owner, dirfd, name) == 0) {
            *ret_first = first;
            return 0;
        }
        if (errno != EEXIST)
            return error_errno(err, -errno, "cannot record the id range %s", name);
    }
    return error_set(err, -ENOSPC,
                     "all %u id ranges are in use: remove containers, or give \"" SUBID_USER
                     "\" more ids in /etc/subuid and /etc/subgid",
                     slots);
}

int idmap_claim(int dirfd, const char *owner, uint32_t *ret_first, struct error *err)
{
    struct pool pool = { 0 };
    int r = pool_read(&pool, err);
    if (r >= 0)
        r = claim_slot(dirfd, owner, &pool, ret_first, err);
    free(pool.taken);
    return r;
}

/* The owner a claim names: into buf; false when there is no such claim. */
static bool claim_owner(int dirfd, const char *name, char *buf, size_t size)
{
    ssize_t n = readlinkat(dirfd, name, buf, size - 1);
    if (n <= 0)
        return false;
    buf[n] = '\0';
    return true;
}

/* A range with the names of its files. */
struct claim {
    int dirfd;
    char name[16], shared[24], heir[24];
};

static int claim_begin(struct claim *c, int dirfd, const char *name, struct error *err)
{
    c->dirfd = dirfd;
    int r = str_format(c->name, sizeof(c->name), "%s", name);
    if (r >= 0)
        r = str_format(c->shared, sizeof(c->shared), "%s.shared", name);
    if (r >= 0)
        r = str_format(c->heir, sizeof(c->heir), "%s.heir", name);
    return r < 0 ? error_errno(err, r, "id range") : file_lock(dirfd, LOCK_EX, "id ranges", err);
}

static void claim_end(const struct claim *c)
{
    flock(c->dirfd, LOCK_UN);
}

static int share_path(const struct claim *c, const char *user, char *buf, size_t size)
{
    return str_format(buf, size, "%s/%s", c->shared, user);
}

static bool holds(const struct claim *c, const char *who)
{
    char owner[OWNER_MAX], path[OWNER_MAX + 32];
    if (claim_owner(c->dirfd, c->name, owner, sizeof(owner)) && str_eq(owner, who))
        return true;
    return share_path(c, who, path, sizeof(path)) >= 0 &&
           faccessat(c->dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int add_share(const struct claim *c, const char *user, struct error *err)
{
    char path[OWNER_MAX + 32];
    int r = share_path(c, user, path, sizeof(path));
    if (r >= 0 && mkdirat(c->dirfd, c->shared, 0700) < 0 && errno != EEXIST)
        r = -errno;
    /* The link is made for its name; it leads nowhere. */
    if (r >= 0 && symlinkat(user, c->dirfd, path) < 0 && errno != EEXIST)
        r = -errno;
    return r < 0 ? error_errno(err, r, "cannot record that the id range %s is shared", c->name) : 0;
}

int idmap_share(int dirfd, uint32_t first, const char *holder, const char *user, struct error *err)
{
    struct claim c;
    char name[16];
    int r = str_format(name, sizeof(name), "%u", first);
    if (r < 0)
        return error_errno(err, r, "id range");
    r = claim_begin(&c, dirfd, name, err);
    if (r < 0)
        return r;
    if (holds(&c, holder))
        r = add_share(&c, user, err);
    else
        r = error_set(err, -ESTALE, "the container that is joined has been removed meanwhile");
    claim_end(&c);
    return r;
}

struct heirs {
    bool (*exists)(const char *owner, void *arg); /* NULL: all count */
    void *arg;
    char first[OWNER_MAX];
};

/* Shares of those who are gone go too; the first of the others is the heir. */
static int look_at_share(int dirfd, const char *user, unsigned char type, void *arg)
{
    struct heirs *h = arg;
    (void) type;
    if (h->exists && !h->exists(user, h->arg))
        return unlinkat(dirfd, user, 0) < 0 && errno != ENOENT ? -errno : 0;
    if (h->first[0] == '\0' && str_format(h->first, sizeof(h->first), "%s", user) < 0)
        return -ENAMETOOLONG;
    return 0;
}

/* No moment without a claim: the new one takes the old one's place by rename. */
static int inherit(const struct claim *c, const char *heir)
{
    char path[OWNER_MAX + 32];
    int r = share_path(c, heir, path, sizeof(path));
    if (r < 0)
        return r;
    if (symlinkat(heir, c->dirfd, c->heir) < 0 || renameat(c->dirfd, c->heir, c->dirfd, c->name) < 0 ||
        unlinkat(c->dirfd, path, 0) < 0)
        return -errno;
    return unlinkat(c->dirfd, c->shared, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY && errno != EEXIST ? -errno
                                                                                                    : 0;
}

/* Under the lock. owner: who gives back. */
static int give_back(const struct claim *c, const char *owner, struct heirs *h)
{
    char holder[OWNER_MAX], path[OWNER_MAX + 32];
    bool owns = claim_owner(c->dirfd, c->name, holder, sizeof(holder)) && str_eq(holder, owner);
    /* In the usual case nobody ever shared it. */
    bool shared = unlinkat(c->dirfd, c->shared, AT_REMOVEDIR) < 0 && errno != ENOENT;
    int r = shared ? share_path(c, owner, path, sizeof(path)) : 0;
    if (r < 0)
        return r;
    /* heir: of somebody who was killed in inherit(). */
    if (shared && ((unlinkat(c->dirfd, path, 0) < 0 && errno != ENOENT) ||
                   (unlinkat(c->dirfd, c->heir, 0) < 0 && errno != ENOENT)))
        return -errno;
    if (shared && owns)
        r = dir_each(c->dirfd, c->shared, look_at_share, h, NULL);
    if (r < 0)
        return r;
    if (h->first[0] != '\0')
        return inherit(c, h->first);
    if (shared && unlinkat(c->dirfd, c->shared, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY && errno != EEXIST)
        return -errno;
    return owns && unlinkat(c->dirfd, c->name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int release_named(int dirfd, const char *name, const char *owner, struct heirs *h, struct error *err)
{
    struct claim c;
    int r = claim_begin(&c, dirfd, name, err);
    if (r < 0)
        return r;
    r = give_back(&c, owner, h);
    claim_end(&c);
    return r < 0 ? error_errno(err, r, "cannot give back the id range %s", name) : 0;
}

int idmap_release(int dirfd, uint32_t first, const char *owner, struct error *err)
{
    char name[16];
    struct heirs h = { 0 };
    int r = str_format(name, sizeof(name), "%u", first);
    return r < 0 ? error_errno(err, r, "id range") : release_named(dirfd, name, owner, &h, err);
}

struct collect {
    int dirfd;
    bool (*exists)(const char *owner, void *arg);
    void *arg;
    const char *owner; /* release_all: whose */
    struct error *err;
};

static bool is_range(const char *name)
{
    uint32_t first;
    return parse_u32(name, &first) == 0;
}

static int release_one(int dirfd, const char *name, unsigned char type, void *arg)
{
    const struct collect *s = arg;
    struct heirs h = { 0 };
    (void) dirfd;
    (void) type;
    return is_range(name) ? release_named(s->dirfd, name, s->owner, &h, s->err) : 0;
}

int idmap_release_all(int dirfd, const char *owner, struct error *err)
{
    struct collect s = { .dirfd = dirfd, .owner = owner, .err = err };
    return dir_each(dirfd, ".", release_one, &s, err);
}

static int collect_one(int dirfd, const char *name, unsigned char type, void *arg)
{
    const struct collect *s = arg;
    struct heirs h = { s->exists, s->arg, "" };
    char holder[OWNER_MAX];
    (void) dirfd;
    (void) type;
    if (!is_range(name) || !claim_owner(s->dirfd, name, holder, sizeof(holder)) || s->exists(holder, s->arg))
        return 0;
    return release_named(s->dirfd, name, holder, &h, s->err);
}

int idmap_collect(int dirfd, bool (*exists)(const char *owner, void *arg), void *arg, struct error *err)
{
    struct collect s = { .dirfd = dirfd, .exists = exists, .arg = arg, .err = err };
    return dir_each(dirfd, ".", collect_one, &s, err);
}
