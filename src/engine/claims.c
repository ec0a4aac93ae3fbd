// SPDX-License-Identifier: Apache-2.0
/*
 * engine/claims.c: what a container takes for itself before it starts, in the order that engine/engine.h promises: directory
 * and lock, name, id range, files. Whoever is killed in between leaves a directory from which all of it can be found.
 */
#include <errno.h>
#include <sys/file.h>

#include "base/log.h"
#include "confine/idmap.h"
#include "engine/engine_internal.h"
#include "engine/names.h"
#include "sys/file.h"

static int claim_directory(struct launch *l, struct error *err)
{
    int containers = engine_dir(l->e, ENGINE_CONTAINERS, err);
    if (containers < 0)
        return containers;
    for (int i = 0; i < 8; i++) {
        random_hex(l->id, 32);
        if (mkdirat(containers, l->id, 0700) == 0) {
            l->directory = arena_printf(l->a, "%s/containers/%s", l->e->root, l->id);
            l->dirfd = dir_open(containers, l->id, err);
            return l->dirfd < 0 ? l->dirfd : file_lock(l->dirfd, LOCK_EX | LOCK_NB, l->directory, err);
        }
        if (errno != EEXIST)
            return error_errno(err, -errno, "cannot make %s/containers/%.12s", l->e->root, l->id);
    }
    return error_set(err, -EEXIST, "no free container id was found");
}

static bool container_exists(const char *id, void *arg)
{
    const struct engine *e = arg;
    return faccessat(e->containers_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

/*
 * A container's directory is made before its claims and goes after them: a claim without one is what a power failure has left. A
 * claim of a container that has another name by its record, and that nobody holds, is what a killed rename has left.
 */
static bool is_stale(struct engine *e, const char *name, const char *owner)
{
    _cleanup_engine_record_ struct engine_record *record = NULL;
    if (!container_exists(owner, e))
        return true;
    _cleanup_close_ int dirfd = engine_open_container(e, owner, 0, NULL);
    return dirfd >= 0 && engine_record_read(dirfd, &record, NULL) == 0 && !str_eq(record->name, name);
}

int engine_claim_name(struct engine *e, const char *name, const char *id, struct error *err)
{
    char owner[65];
    int names = engine_dir(e, ENGINE_NAMES, err);
    if (names < 0)
        return names;
    int r = name_claim(names, name, id, err);
    if (r != -EEXIST || name_lookup(names, name, owner) < 0)
        return r;
    if (str_eq(owner, id)) {
        error_clear(err);
        return 0;
    }
    if (is_stale(e, name, owner) && name_release(names, name, owner, NULL) == 0) {
        error_clear(err);
        r = name_claim(names, name, id, err);
    }
    return r;
}

static int claim_name(struct launch *l, struct error *err)
{
    int names = engine_dir(l->e, ENGINE_NAMES, err);
    if (names < 0)
        return names;
    int r;
    if (l->opt->name != NULL) {
        r = engine_claim_name(l->e, l->opt->name, l->id, err);
        if (r == 0 && str_format(l->name, sizeof(l->name), "%s", l->opt->name) < 0)
            r = -ENAMETOOLONG;
    } else {
        r = name_claim_random(names, l->id, l->name, sizeof(l->name), err);
    }
    l->name_claimed = r == 0;
    return r;
}

static int claim_range(struct launch *l, struct error *err)
{
    if (!options_userns(l->opt) || l->rootless_ids > 0)
        return 0;
    int dir = engine_dir(l->e, ENGINE_IDMAP, err);
    if (dir >= 0 && l->ids_of != NULL) {
        int shared = idmap_share(dir, l->range_first, l->ids_of, l->id, err);
        l->range_claimed = shared == 0;
        return shared;
    }
    int r = dir < 0 ? dir : idmap_claim(dir, l->id, &l->range_first, err);
    if (r == -ENOSPC && idmap_collect(dir, container_exists, l->e, NULL) == 0)
        r = idmap_claim(dir, l->id, &l->range_first, err);
    l->range_claimed = r == 0;
    return r;
}

int launch_claim(struct launch *l, struct error *err)
{
    int r = claim_directory(l, err);
    if (r == 0)
        r = claim_name(l, err);
    if (r == 0)
        r = claim_range(l, err);
    return r;
}

/* A directory that belongs to the container's root, which is id range_first on the host. */
static int owned_directory(struct launch *l, const char *name, mode_t mode, uint32_t uid, uint32_t gid,
                           struct error *err)
{
    if (mkdirat(l->dirfd, name, mode) < 0 || fchownat(l->dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return error_errno(err, -errno, "cannot make %s/%s", l->directory, name);
    return 0;
}

/*
 * A volume's directory, made when it is new. Volumes are id-mapped, so on the disk its owner is the id that the user has inside
 * the container.
 */
static int volume_directory(struct launch *l, int dirfd, const char *path, struct error *err)
{
    if (faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    int r = dir_make_all(dirfd, path, 0700, err);
    _cleanup_close_ int fd = r < 0 ? r : dir_open(dirfd, path, err);
    if (fd < 0)
        return fd;
    bool same = l->rootless_ids == 1 && options_userns(l->opt); /* the user is who makes it */
    if ((!same && fchown(fd, l->user.uid, l->user.gid) < 0) || fchmod(fd, 0755) < 0)
        return error_errno(err, -errno, "cannot give the volume %s to user %u", path, l->user.uid);
    return 0;
}

static int make_volume(struct launch *l, size_t i, struct error *err)
{
    const struct run_mount *m = &l->opt->mounts[i];
    const char *rel = m->source != NULL ? arena_printf(l->a, "volumes/%s/_data", m->source)
                                        : arena_printf(l->a, "volumes/%zu", i);
    int base = m->source != NULL ? l->e->root_fd : l->dirfd;
    int r = volume_directory(l, base, rel, err);
    if (r < 0)
        return r;
    const char *where = arena_printf(l->a, "%s/%s", m->source != NULL ? l->e->root : l->directory, rel);
    if (m->subpath != NULL) {
        const char *sub;
        r = container_path_clean(l->a, arena_printf(l->a, "/%s", m->subpath), &sub, err);
        if (r < 0)
            return error_context(err, r, "volume-subpath");
        where = arena_printf(l->a, "%s%s", where, sub);
    }
    l->volumes[i] = where;
    return 0;
}

/* A bind's source must be there; docker's -v makes a directory for it. */
static int check_source(struct launch *l, const struct run_mount *m, struct error *err)
{
    if (faccessat(AT_FDCWD, m->source, F_OK, 0) == 0)
        return 0;
    if (errno == ENOENT && (m->create_source || (m->short_form && l->opt->compat_docker)))
        return dir_make_all(AT_FDCWD, m->source, 0755, err);
    int r = -errno;
    if (r == -ENOENT)
        return error_set(err, r, "%s: there is no %s on this host; make it first", m->asked, m->source);
    return error_errno(err, r, "%s: %s", m->asked, m->source);
}

int launch_make_files(struct launch *l, struct error *err)
{
    int r = 0;
    if (l->upper) {
        /* The container's root must be able to enter the directory that holds both. */
        r = owned_directory(l, "overlay", 0700, l->range_first, l->range_first, err);
        if (r == 0)
            r = owned_directory(l, "overlay/upper", 0755, l->range_first, l->range_first, err);
        if (r == 0)
            r = owned_directory(l, "overlay/work", 0755, l->range_first, l->range_first, err);
    }
    if (r == 0)
        r = network_files(l, err);
    l->volumes = arena_array(l->a, l->opt->n_mounts, sizeof(*l->volumes));
    for (size_t i = 0; r == 0 && i < l->opt->n_mounts; i++) {
        if (l->opt->mounts[i].kind == RUN_MOUNT_VOLUME)
            r = make_volume(l, i, err);
        else if (l->opt->mounts[i].kind == RUN_MOUNT_BIND)
            r = check_source(l, &l->opt->mounts[i], err);
    }
    return r;
}
