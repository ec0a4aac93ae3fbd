// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the pool is cut into slots of 65536 ids. A claim begins at a random slot and probes on until symlinkat() creates
 * a link, so in the usual case a claim is one system call whatever the number of containers. Slots that /etc/subuid or
 * /etc/subgid gives to somebody are never tried.
 *
 * Threat: two containers (or a container and a rootless user) that share host ids can signal each other and read each other's
 * files once one of them has escaped its mount namespace.
 */
#include "confine/idmap.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/parse.h"
#include "sys/file.h"

#define POOL_FIRST 0x40000000u
#define POOL_LAST \
    0x7FFEFFFFu /* the last id of the pool; 0x7FFF…… and above is left to container managers' dynamic users */
#define SUBID_USER "oakum"
#define SUBID_MAX (1024 * 1024)
#define TAKEN_MAX 4096

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

int idmap_release(int dirfd, uint32_t first, const char *owner, struct error *err)
{
    char name[16], holder[256];
    int r = str_format(name, sizeof(name), "%u", first);
    if (r < 0)
        return error_errno(err, r, "id range");
    if (!claim_owner(dirfd, name, holder, sizeof(holder)) || !str_eq(holder, owner))
        return 0;
    if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        return error_errno(err, -errno, "cannot give back the id range %s", name);
    return 0;
}

struct collect {
    bool (*exists)(const char *owner, void *arg);
    void *arg;
};

static int collect_one(int dirfd, const char *name, unsigned char type, void *arg)
{
    const struct collect *c = arg;
    char holder[256];
    (void) type;
    if (claim_owner(dirfd, name, holder, sizeof(holder)) && !c->exists(holder, c->arg) &&
        unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        return -errno;
    return 0;
}

int idmap_collect(int dirfd, bool (*exists)(const char *owner, void *arg), void *arg, struct error *err)
{
    struct collect c = { exists, arg };
    return dir_each(dirfd, ".", collect_one, &c, err);
}
