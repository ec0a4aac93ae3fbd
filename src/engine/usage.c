// SPDX-License-Identifier: Apache-2.0
/*
 * engine/usage.c: what containers and volumes take of the disk. Sizes are found by walking, because a container writes where it
 * likes and nobody counts; what vanishes meanwhile counts as nothing. Links are not followed: the files are the containers'.
 */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "engine/engine_internal.h"
#include "sys/file.h"

static int add_size(int dirfd, const char *name, unsigned char type _unused_, void *arg)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    if (S_ISREG(st.st_mode))
        *(int64_t *) arg += st.st_size;
    if (S_ISDIR(st.st_mode))
        (void) !dir_each(dirfd, name, add_size, arg, NULL);
    return 0;
}

int64_t engine_size_below(int dirfd, const char *path)
{
    int64_t size = 0;
    if (dirfd >= 0)
        (void) !dir_each(dirfd, path, add_size, &size, NULL);
    return size;
}

struct volumes {
    const struct engine *e;
    struct arena *a;
    struct engine_usage *v;
    size_t n;
};

static int add_volume(int dirfd _unused_, const char *name, unsigned char type _unused_, void *arg)
{
    struct volumes *l = arg;
    char path[NAME_MAX + 16];
    if (str_format(path, sizeof(path), "volumes/%s", name) < 0)
        return 0;
    l->v = arena_grow(l->a, l->v, l->n, l->n + 1, sizeof(*l->v));
    l->v[l->n++] = (struct engine_usage){ .name = arena_strdup(l->a, name),
                                          .size = engine_size_below(l->e->root_fd, path) };
    return 0;
}

/* Once a container, however often it mounts it. Returns how many it has. */
static size_t count_links(struct engine *e, const char *id, struct volumes *l)
{
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    size_t n = 0;
    if (l->n == 0 || engine_spec(e, id, &spec, NULL) < 0)
        return 0;
    for (size_t i = 0; i < l->n; i++) {
        const char *path = arena_printf(l->a, "%s/volumes/%s/_data", e->root, l->v[i].name);
        for (size_t k = 0; k < spec->n_mounts; k++) {
            const char *rest = spec->mounts[k].source == NULL ? NULL
                                                              : str_after(spec->mounts[k].source, path);
            if (rest != NULL && (*rest == '\0' || *rest == '/')) {
                l->v[i].links++;
                l->v[i].active = true;
                n++;
                break;
            }
        }
    }
    return n;
}

int engine_usage(struct engine *e, struct arena *a, struct engine_usage **ret_containers,
                 size_t *ret_n_containers, struct engine_usage **ret_volumes, size_t *ret_n_volumes,
                 struct error *err)
{
    struct volumes volumes = { e, a, NULL, 0 };
    struct engine_container *list;
    size_t n;
    int r = engine_list(e, true, &list, &n, err);
    if (r < 0)
        return r;
    if (e->root_fd >= 0)
        (void) !dir_each(e->root_fd, "volumes", add_volume, &volumes, NULL); /* none is no volumes */
    struct engine_usage *containers = arena_array(a, n, sizeof(*containers));
    for (size_t i = 0; i < n; i++) {
        const struct engine_record *c = list[i].record;
        const char *dir = arena_printf(a, "containers/%s", c->id);
        containers[i] = (struct engine_usage){
            .id = arena_strdup(a, c->id),
            .name = arena_strdup(a, c->name != NULL ? c->name : c->id),
            .size = engine_size_below(e->root_fd, arena_printf(a, "%s/overlay/upper", dir)) +
                    engine_size_below(e->root_fd, arena_printf(a, "%s/volumes", dir)),
            .active = list[i].status == ENGINE_RUNNING || list[i].status == ENGINE_PAUSED,
            .links = count_links(e, c->id, &volumes),
        };
    }
    engine_containers_free(list, n);
    *ret_containers = containers;
    *ret_n_containers = n;
    *ret_volumes = volumes.v;
    *ret_n_volumes = volumes.n;
    return 0;
}
