// SPDX-License-Identifier: Apache-2.0
/*
 * engine/image.c: what a run takes from its image: layers, user, and whether its root can be mounted as it is.
 *
 * A root that is read-only cannot be given mount points while it is mounted, and nothing may ever be made in a layer, which
 * other containers share. So: where the one layer has every target, it is the root itself (the fastest way). Else the root is
 * an overlay whose lowest layer is the skeleton, a directory of ours with the usual mount points. Where a volume's target may
 * be missing, the overlay gets an upper directory of the container's own, and is made read-only after the targets are there.
 */
#include <errno.h>

#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/secrets.h"
#include "engine/siblings.h"
#include "oci/platform.h"
#include "oci/reference.h"
#include "sys/file.h"
#include "sys/root.h"

/* 0, or -ENOENT: not there, or only for another platform than was asked for. */
static int find_stored(struct launch *l, struct error *err)
{
    _cleanup_store_ struct store *s = NULL;
    struct platform want;
    int r = l->opt->platform != NULL ? platform_parse(l->opt->platform, &want, err) : 0;
    if (r < 0)
        return error_context(err, r, "--platform");
    r = store_open(l->e->root, false, &s, err);
    if (r == 0)
        r = store_find(s, l->opt->image, &l->image, err);
    if (r < 0)
        return r;
    const struct image_config *c = &l->image->config;
    if (l->opt->platform != NULL && platform_rank(&want, c->os, c->architecture, c->variant) < 0) {
        store_image_free(TAKE_PTR(l->image));
        return error_set(err, -ENOENT, "the image \"%s\" on this host is for another platform than %s",
                         l->opt->image, l->opt->platform);
    }
    const char **layers;
    size_t n;
    r = store_layers(s, l->image, &layers, &n, err);
    if (r < 0)
        return r;
    /* One place before them for the skeleton. */
    l->layers = arena_array(l->a, n + 1, sizeof(*l->layers));
    for (size_t i = 0; i < n; i++)
        l->layers[i + 1] = arena_strdup(l->a, layers[i]);
    free(layers);
    l->layers++;
    l->n_layers = n;
    return 0;
}

static int not_there(const struct launch *l, const struct error *why, struct error *err)
{
    const char *with = l->opt->platform != NULL ? " for --platform " : "";
    const char *platform = l->opt->platform != NULL ? l->opt->platform : "";
    if (why != NULL)
        return error_set(err, -ENOENT,
                         "there is no image \"%s\"%s%s on this host, and it cannot be pulled: %s",
                         l->opt->image, with, platform, why->msg);
    return error_set(
        err, -ENOENT,
        "there is no image \"%s\"%s%s on this host; \"oakum pull\", \"oakum import\" or \"oakum base\" make one, \"oakum images\" lists what there is",
        l->opt->image, with, platform);
}

/* An id is nothing that a registry has; "never" asks none. */
static bool may_pull(const struct launch *l)
{
    struct reference ref;
    return l->opt->pull != PULL_NEVER && reference_parse(l->opt->image, &ref, NULL) == 0;
}

/* --pull always and newer: the registry is asked although the image may be there. */
static int refresh(struct launch *l, struct error *err)
{
    struct error why = { 0 }, none = { 0 };
    bool pulled = launch_pull(l, &why) == 0;
    if (!pulled && l->opt->pull == PULL_ALWAYS)
        return error_set(err, -EIO, "--pull always: %s", why.msg);
    int r = find_stored(l, pulled ? err : &none);
    if (r == 0 && !pulled)
        log_warn("--pull newer: %s; the image that is there is used", why.msg);
    return r < 0 && !pulled ? not_there(l, &why, err) : r;
}

int launch_find_image(struct launch *l, struct error *err)
{
    struct error why = { 0 };
    int r;
    if (may_pull(l) && (l->opt->pull == PULL_ALWAYS || l->opt->pull == PULL_NEWER)) {
        r = refresh(l, err);
    } else {
        r = find_stored(l, err);
        if (r == -ENOENT && !may_pull(l))
            return not_there(l, NULL, err);
        if (r == -ENOENT) {
            store_image_free(TAKE_PTR(l->image));
            if (launch_pull(l, &why) < 0)
                return not_there(l, &why, err);
            r = find_stored(l, err);
        }
    }
    if (r == 0)
        r = launch_verify(l, err);
    if (r < 0)
        return r;
    if (l->n_layers == 0)
        return error_set(err, -EINVAL, "the image \"%s\" has no layer, so there is nothing to run in it",
                         l->opt->image);
    return 0;
}

/* Whose value is wrong, unless it is that of --group-add, which says so itself. */
static int blame(struct error *err, int r, const char *whose)
{
    return r < 0 && str_after(err->msg, "--group-add") == NULL ? error_context(err, r, "%s", whose) : r;
}

int launch_find_user(struct launch *l, struct error *err)
{
    const struct run_options *o = l->opt;
    struct user_roots roots = { .layers = l->layers, .n_layers = l->n_layers, .root_fd = -1 };
    const char *of_image = l->image->config.user != NULL ? l->image->config.user : "";
    if (o->user != NULL) {
        l->user_source = arena_printf(l->a, "--user %s", o->user);
        int r = user_resolve(&roots, l->a, o->user, &o->group_add, &l->user, err);
        return blame(err, r, "--user");
    }
    if (of_image[0] != '\0' || !options_sealed(o)) {
        int r = user_resolve(&roots, l->a, of_image, &o->group_add, &l->user, err);
        if (r < 0)
            return blame(err, r, "the image's USER");
    }
    if (!options_sealed(o)) {
        l->user_source = of_image[0] != '\0' ? "image (USER)"
                         : o->compat_docker  ? "--compat docker"
                                             : "--privileged";
        return 0;
    }
    if (of_image[0] != '\0' && l->user.uid != 0) {
        l->user_source = arena_printf(l->a, "image (USER %s)", of_image);
        return 0;
    }
    l->user_source = NULL;
    return user_resolve(&roots, l->a, "65532:65532", &o->group_add, &l->user, err);
}

/* Mount points that every root needs. */
static const char *const standard_targets[] = { "dev", "proc", "sys", "tmp", "run", "var/tmp" };

static bool target_exists(int root_fd, const char *path)
{
    _cleanup_close_ int fd = root_open(root_fd, path, O_PATH, NULL);
    return fd >= 0;
}

/* Does the one layer have all that will be mounted on? */
static bool layer_is_complete(const struct launch *l, int layer_fd)
{
    bool files = !options_own_network(l->opt) || options_network_files(l->opt);
    bool all = true;
    for (size_t i = 0; all && i < ARRAY_LEN(standard_targets); i++)
        all = target_exists(layer_fd, standard_targets[i]);
    return all && target_exists(layer_fd, "etc/hosts") &&
           (!files || target_exists(layer_fd, "etc/resolv.conf"));
}

/* Always there: in the one layer, or in the skeleton. */
static bool standard_target(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(standard_targets); i++) {
        if (str_eq(path + 1, standard_targets[i]))
            return true;
    }
    return str_eq(path, "/etc/hosts");
}

static bool target_may_be_missing(const struct launch *l, int layer_fd, const char *path)
{
    return !standard_target(path) && !options_on_tmpfs(l->opt, path) &&
           (layer_fd < 0 || !target_exists(layer_fd, path));
}

/* Is there a mount of the person's or the image's whose target may have to be made? */
static bool targets_may_be_missing(const struct launch *l, int layer_fd)
{
    const struct image_config *c = &l->image->config;
    for (size_t i = 0; i < l->opt->n_mounts; i++) {
        if (target_may_be_missing(l, layer_fd, l->opt->mounts[i].target))
            return true;
    }
    if (l->opt->n_secrets > 0 && target_may_be_missing(l, layer_fd, SECRETS_TARGET))
        return true;
    for (size_t i = 0; i < c->volumes.n; i++) {
        const char *target;
        if (container_path_clean(l->a, c->volumes.v[i], &target, NULL) == 0 &&
            target_may_be_missing(l, layer_fd, target))
            return true;
    }
    return false;
}

static int skeleton_file(int fd, const char *path, const char *text, struct error *err)
{
    _cleanup_close_ int file = openat(fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int r = file < 0 ? -errno : fchmod(file, 0644) < 0 ? -errno : write_all(file, text, strlen(text));
    return r < 0 ? error_errno(err, r, "cannot make %s", path) : 0;
}

static int skeleton_fill(int fd, struct error *err)
{
    static const struct {
        const char *path;
        mode_t mode;
    } dirs[] = {
        { "dev", 0755 }, { "proc", 0755 }, { "sys", 0755 },  { "run", 0755 },
        { "etc", 0755 }, { "var", 0755 },  { "tmp", 01777 }, { "var/tmp", 01777 },
    };
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        if (mkdirat(fd, dirs[i].path, dirs[i].mode) < 0 || fchmodat(fd, dirs[i].path, dirs[i].mode, 0) < 0)
            return error_errno(err, -errno, "cannot make %s", dirs[i].path);
    }
    int r = skeleton_file(fd, "etc/hosts",
                          "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", err);
    if (r == 0)
        r = skeleton_file(fd, "etc/resolv.conf", "", err);
    return r;
}

/* Made whole under another name, then renamed: another oakum that makes it at the same time is no harm. */
static int skeleton_make(struct engine *e, struct error *err)
{
    char name[40], hex[17];
    if (faccessat(e->root_fd, "skeleton", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    random_hex(hex, 8);
    int r = str_format(name, sizeof(name), "skeleton.%s", hex);
    if (r < 0)
        return r;
    if (mkdirat(e->root_fd, name, 0755) < 0 || fchmodat(e->root_fd, name, 0755, 0) < 0)
        return error_errno(err, -errno, "cannot make %s/%s", e->root, name);
    _cleanup_close_ int fd = dir_open(e->root_fd, name, err);
    r = fd < 0 ? fd : skeleton_fill(fd, err);
    if (r == 0 && renameat(e->root_fd, name, e->root_fd, "skeleton") < 0 && errno != EEXIST &&
        errno != ENOTEMPTY)
        r = error_errno(err, -errno, "cannot make %s/skeleton", e->root);
    tree_remove(e->root_fd, name, NULL);
    return r;
}

int launch_plan_root(struct launch *l, struct error *err)
{
    _cleanup_close_ int layer = -1;
    if (l->n_layers == 1) {
        layer = dir_open(AT_FDCWD, l->layers[0], err);
        if (layer < 0)
            return layer;
    }
    l->upper = !options_read_only(l->opt) || targets_may_be_missing(l, layer);
    if (!l->upper && layer >= 0 && layer_is_complete(l, layer))
        return 0;
    int r = skeleton_make(l->e, err);
    if (r < 0)
        return r;
    l->layers--;
    l->layers[0] = arena_printf(l->a, "%s/skeleton", l->e->root);
    l->n_layers++;
    return 0;
}

int launch_keep_layers(struct launch *l, struct error *err)
{
    int r = store_settle(l->e->root, err);
    _cleanup_siblings_ struct siblings layers = siblings_open(l->n_layers > 0 ? l->layers[l->n_layers - 1]
                                                                              : "");
    for (size_t i = 0; i < l->n_layers && r == 0; i++) {
        const char *name;
        int dir = siblings_at(&layers, l->layers[i], &name);
        if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            r = error_set(err, -ENOENT, "the image \"%s\" was removed while the container was made",
                          l->opt->image);
    }
    return r;
}
