// SPDX-License-Identifier: Apache-2.0
/*
 * engine/volumes.c: see there. Which containers have a volume is asked of their specifications, so nothing is counted twice.
 *
 * A volume goes by a rename out of its place and a second look: a container that was made between the first look and the rename
 * has it still, and it is put back. Removals take turns by a lock, under which what a killed one has left is taken away.
 */
#include "engine/volumes.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "engine/engine_internal.h"
#include "sys/file.h"

#define VOLUMES "volumes"
#define VOLUME_FILE "volume.json"
#define VOLUME_VERSION 1
#define ASIDE ".rm-" /* no volume's name begins with a dot */

static int check_name(const char *name, struct error *err)
{
    if (object_name_valid(name))
        return 0;
    return error_set(
        err, -EINVAL,
        "\"%.128s\" cannot be a volume's name: it must be 2 to 128 of a-z A-Z 0-9 _ . - and begin with a letter "
        "or digit",
        name);
}

static int write_file(int dirfd, const struct oci_pairs *labels, struct error *err)
{
    char now[CLOCK_TEXT_MAX];
    clock_now_text(now);
    _cleanup_json_ json_t *doc = json_pack("{s:i, s:s, s:o}", "oakum", VOLUME_VERSION, "created", now,
                                           "labels", oci_pairs_json(labels));
    if (doc == NULL)
        return error_set(err, -EINVAL, "a label is not UTF-8");
    _cleanup_free_ char *text = json_text(doc, 0);
    return file_replace(dirfd, VOLUME_FILE, text, strlen(text), 0600, true, err);
}

int volume_create(struct engine *e, const char *name, const struct oci_pairs *labels, struct error *err)
{
    int r = check_name(name, err);
    if (r == 0)
        r = dir_make_all(e->root_fd, VOLUMES, 0700, err);
    _cleanup_close_ int volumes = r < 0 ? r : dir_open(e->root_fd, VOLUMES, err);
    if (volumes < 0)
        return volumes;
    if (mkdirat(volumes, name, 0700) < 0)
        return errno == EEXIST ? 0 : error_errno(err, -errno, "cannot make volume %s", name);
    _cleanup_close_ int dir = dir_open(volumes, name, err);
    r = dir < 0 ? dir : write_file(dir, labels, err);
    if (r < 0)
        (void) tree_remove(volumes, name, NULL);
    return r;
}

static void read_file(int volumes, struct arena *a, struct volume_info *v)
{
    char path[256];
    char made[CLOCK_TEXT_MAX];
    struct stat st;
    size_t len;
    const char *created = NULL, *key;
    json_t *labels = NULL, *value;
    _cleanup_free_ char *text = NULL;
    _cleanup_json_ json_t *doc = NULL;
    if (fstatat(volumes, v->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        clock_format(&st.st_mtim, made);
        v->created = arena_strdup(a, made);
    }
    if (str_format(path, sizeof(path), "%s/" VOLUME_FILE, v->name) < 0 ||
        file_read(volumes, path, 1u << 20, &text, &len, NULL) < 0 ||
        json_parse_own(text, len, VOLUME_FILE, "volume", VOLUME_VERSION, &doc, NULL) < 0)
        return;
    if (json_get_string(doc, "volume", "created", false, &created, NULL) == 0 && created != NULL)
        v->created = arena_strdup(a, created);
    (void) !json_get_container(doc, "volume", "labels", JSON_OBJECT, false, &labels, NULL);
    json_object_foreach(labels, key, value) if (json_is_string(value))
        oci_pairs_set(a, &v->labels, key, json_string_value(value));
}

struct listing {
    struct engine *e;
    struct arena *a;
    struct volume_info *v;
    size_t n;
};

static int add(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct listing *l = arg;
    if (check_name(name, NULL) < 0)
        return 0;
    l->v = arena_grow(l->a, l->v, l->n, l->n + 1, sizeof(*l->v));
    struct volume_info *v = &l->v[l->n++];
    *v = (struct volume_info){ .name = arena_strdup(l->a, name),
                               .mountpoint = arena_printf(l->a, "%s/" VOLUMES "/%s/_data", l->e->root,
                                                          name) };
    read_file(dirfd, l->a, v);
    return 0;
}

static bool has_mount(const struct oci_spec *spec, const char *path)
{
    for (size_t i = 0; i < spec->n_mounts; i++) {
        const char *rest = spec->mounts[i].source != NULL ? str_after(spec->mounts[i].source, path) : NULL;
        if (rest != NULL && (*rest == '\0' || *rest == '/'))
            return true;
    }
    return false;
}

/* One that is being made has no specification yet; it has its volumes when it has. */
static int find_containers(struct listing *l, struct error *err)
{
    struct engine_container *list = NULL;
    size_t n = 0;
    int r = engine_list(l->e, true, &list, &n, err);
    for (size_t i = 0; i < n && r == 0; i++) {
        _cleanup_oci_spec_ struct oci_spec *spec = NULL;
        const struct engine_record *c = list[i].record;
        if (engine_spec(l->e, c->id, &spec, NULL) < 0)
            continue;
        for (size_t k = 0; k < l->n; k++) {
            struct volume_info *v = &l->v[k];
            if (!has_mount(spec, v->mountpoint))
                continue;
            v->containers = arena_grow(l->a, v->containers, v->n_containers, v->n_containers + 1,
                                       sizeof(*v->containers));
            v->containers[v->n_containers++] = arena_strdup(l->a, c->name != NULL ? c->name : c->id);
        }
    }
    engine_containers_free(list, n);
    return r;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct volume_info *) a)->name, ((const struct volume_info *) b)->name);
}

int volume_list(struct engine *e, struct arena *a, struct volume_info **ret, size_t *ret_n, struct error *err)
{
    struct listing l = { e, a, NULL, 0 };
    int r = e->root_fd < 0 ? -ENOENT : dir_each(e->root_fd, VOLUMES, add, &l, NULL);
    if (r < 0 && r != -ENOENT)
        return error_errno(err, r, "cannot list %s/" VOLUMES, e->root);
    r = l.n > 0 ? find_containers(&l, err) : 0;
    if (l.n > 1)
        qsort(l.v, l.n, sizeof(*l.v), by_name);
    *ret = l.v;
    *ret_n = l.n;
    return r;
}

int volume_get(struct engine *e, struct arena *a, const char *name, struct volume_info *ret,
               struct error *err)
{
    struct volume_info *v = NULL;
    size_t n = 0;
    int r = volume_list(e, a, &v, &n, err);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (str_eq(v[i].name, name)) {
            *ret = v[i];
            return 0;
        }
    }
    return r < 0 ? r : error_set(err, -ENOENT, "there is no volume \"%.128s\"", name);
}

static int refuse_used(const struct volume_info *v, struct error *err)
{
    if (v->n_containers == 0)
        return 0;
    return error_set(err, -EBUSY, "volume %s is container %s's; remove that first", v->name,
                     v->containers[0]);
}

/* With the lock held: what a killed removal has left. */
static int remove_rest(int dirfd, const char *name, unsigned char type _unused_, void *arg _unused_)
{
    if (str_after(name, ASIDE) != NULL)
        (void) tree_remove(dirfd, name, NULL);
    return 0;
}

/* Somebody has made another one in its place: both are kept. */
static void put_back(int volumes, const char *aside, const char *name)
{
    char beside[160];
    if (sys_renameat2(volumes, aside, volumes, name, RENAME_NOREPLACE) < 0 &&
        str_format(beside, sizeof(beside), "%.120s-%.8s", name, aside + strlen(ASIDE)) >= 0)
        (void) sys_renameat2(volumes, aside, volumes, beside, RENAME_NOREPLACE);
}

int volume_remove(struct engine *e, const char *name, int64_t *size, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct volume_info v = { .name = "", .mountpoint = "" };
    char aside[40] = ASIDE;
    int r = volume_get(e, a, name, &v, err);
    if (r == 0)
        r = refuse_used(&v, err);
    _cleanup_close_ int volumes = r < 0 ? r : dir_open(e->root_fd, VOLUMES, err);
    if (volumes < 0)
        return volumes;
    r = file_lock(volumes, LOCK_EX, VOLUMES, err);
    if (r < 0)
        return r;
    (void) !dir_each(volumes, ".", remove_rest, NULL, NULL);
    random_hex(aside + strlen(ASIDE), 16);
    if (renameat(volumes, name, volumes, aside) < 0)
        return error_errno(err, -errno, "cannot remove volume %s", name);
    struct listing again = { e, a, &v, 1 };
    v.n_containers = 0;
    r = find_containers(&again, err);
    if (r == 0)
        r = refuse_used(&v, err);
    if (r < 0) {
        put_back(volumes, aside, name);
        return r;
    }
    if (size != NULL)
        *size += engine_size_below(volumes, aside);
    return tree_remove(volumes, aside, err);
}
