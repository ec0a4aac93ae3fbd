// SPDX-License-Identifier: Apache-2.0
/*
 * engine/spec_mounts.c: the root, the kernel's file systems, tmpfs, volumes and bind mounts.
 *
 * What a container can write is a list that a person can read: the tmpfs mounts, and what was given with :rw. Everything else
 * is read-only, and what can be written cannot be executed. A mount that was asked for on the place of one of the defaults
 * takes its place. Mounts are ordered by depth, so that none hides another.
 */
#include <errno.h>

#include "confine/idmap.h"
#include "engine/options_internal.h"
#include "engine/secrets.h"
#include "engine/spec_internal.h"

static const char *const sealed_tmpfs[] = { "/tmp", "/run", "/var/tmp" };

const struct run_mount *asked_mount(const struct run_options *o, const char *target)
{
    for (size_t i = 0; i < o->n_mounts; i++) {
        if (str_eq(o->mounts[i].target, target))
            return &o->mounts[i];
    }
    return NULL;
}

/* path is dir or lies below it. */
static bool path_below(const char *path, const char *dir)
{
    const char *rest = str_after(path, dir);
    return rest != NULL && (*rest == '\0' || *rest == '/');
}

/* An image's VOLUME that oakum gives a tmpfs; not one on top of the kernel's file systems. */
static bool image_volume(struct arena *a, const char *text, const char **ret)
{
    return container_path_clean(a, text, ret, NULL) == 0 && !path_below(*ret, "/proc") &&
           !path_below(*ret, "/sys") && !path_below(*ret, "/dev");
}

bool options_on_tmpfs(const struct run_options *o, const char *path)
{
    bool on = path_below(path, "/dev") || path_below(path, "/proc") || path_below(path, "/sys");
    for (size_t i = 0; i < ARRAY_LEN(sealed_tmpfs) && options_sealed(o); i++)
        on = on || (path_below(path, sealed_tmpfs[i]) && asked_mount(o, sealed_tmpfs[i]) == NULL &&
                    !str_eq(path, sealed_tmpfs[i]));
    for (size_t i = 0; i < o->n_mounts; i++)
        on = on || (o->mounts[i].kind == RUN_MOUNT_TMPFS && path_below(path, o->mounts[i].target) &&
                    !str_eq(path, o->mounts[i].target));
    return on;
}

static void id_map_mount(struct build *b, struct oci_mount *m)
{
    m->uid_mappings.v = arena_array(b->a, 1, sizeof(*m->uid_mappings.v));
    m->uid_mappings.v[0] = (struct oci_id_map){ .container_id = 0,
                                                .host_id = b->in->range_first,
                                                .size = IDMAP_RANGE };
    m->uid_mappings.n = 1;
    m->gid_mappings = m->uid_mappings;
}

/* overlayfs separates layers by ':' and options by ','. */
static int overlay_path_check(const char *path, struct error *err)
{
    if (strpbrk(path, ":,\\") == NULL)
        return 0;
    return error_set(err, -EINVAL, "the store's path %s must not have a colon, comma or backslash in it",
                     path);
}

int build_root(struct build *b, struct error *err)
{
    const struct spec_input *in = b->in;
    struct oci_spec *s = b->spec;
    s->root_path = "."; /* a place in the mount namespace only: the directory of the container itself */
    s->root_readonly = options_read_only(b->opt);
    if (!s->root_readonly)
        source_set(b, "root", "%s",
                   b->opt->read_only.set ? "--read-only=false"
                   : b->compat           ? "--compat docker"
                                         : "--privileged");
    struct oci_mount *m;
    if (in->n_layers == 1 && in->upper == NULL) {
        static const char *const options[] = { "bind", "private", NULL };
        m = oci_mount_add(s, "/", "bind", in->layers[0], options);
    } else {
        size_t size = 16;
        for (size_t i = 0; i < in->n_layers; i++) {
            int r = overlay_path_check(in->layers[i], err);
            if (r < 0)
                return r;
            size += strlen(in->layers[i]) + 1;
        }
        char *lower = arena_alloc(b->a, size);
        size_t len = 0;
        for (size_t i = in->n_layers; i > 0; i--) {
            int n = str_format(lower + len, size - len, "%s%s", len == 0 ? "lowerdir=" : ":",
                               in->layers[i - 1]);
            if (n < 0)
                return error_set(err, n, "the list of layers is too long");
            len += (size_t) n;
        }
        const char *options[] = { lower, NULL, NULL, NULL };
        if (in->upper != NULL) {
            options[1] = arena_printf(b->a, "upperdir=%s", in->upper);
            options[2] = arena_printf(b->a, "workdir=%s", in->work);
        }
        m = oci_mount_add(s, "/", "overlay", "overlay", options);
    }
    if (in->userns && in->rootless_ids == 0)
        id_map_mount(b, m);
    return 0;
}

/* A file system of the kernel, unless a mount of the person's own stands there. */
static struct oci_mount *system_mount(struct build *b, const char *target, const char *type,
                                      const char *const *options)
{
    if (asked_mount(b->opt, target) != NULL)
        return NULL;
    return oci_mount_add(b->spec, target, type, type, options);
}

/*
 * With a shared namespace a new instance cannot be mounted from within a user namespace: the host's is shown instead, without
 * what the host has mounted below it.
 */
static void host_mount(struct build *b, const char *path, bool writable)
{
    /* What an ordinary user sees of the host can only be shown whole: mounts below are locked together. */
    bool whole = b->in->rootless_ids > 0;
    const char *options[] = { whole ? "rbind" : "bind",
                              "nosuid",
                              "nodev",
                              "noexec",
                              whole && !writable ? "rro"
                              : writable         ? "rw"
                                                 : "ro",
                              NULL };
    if (asked_mount(b->opt, path) == NULL)
        oci_mount_add(b->spec, path, "bind", path, options);
}

static void mount_proc_sys(struct build *b)
{
    const struct oci_namespace *ns = b->spec->linux_.namespaces;
    bool new_net = ns[OCI_NS_NETWORK].set && ns[OCI_NS_NETWORK].path == NULL;
    bool rw = b->opt->privileged || b->opt->writable_cgroups;
    const char *proc[] = { "nosuid", "noexec", "nodev", NULL };
    const char *sys[] = { "nosuid", "noexec", "nodev", b->opt->privileged ? "rw" : "ro", NULL };
    const char *cgroup[] = { "nosuid", "noexec", "nodev", "relatime", rw ? "rw" : "ro", NULL };
    if (b->in->userns && !ns[OCI_NS_PID].set)
        host_mount(b, "/proc", true);
    else
        system_mount(b, "/proc", "proc", proc);
    if (b->in->userns && !new_net)
        host_mount(b, "/sys", false);
    else
        system_mount(b, "/sys", "sysfs", sys);
    system_mount(b, "/sys/fs/cgroup", "cgroup", cgroup);
}

static void mount_dev(struct build *b)
{
    static const char *const dev[] = { "nosuid", "noexec", "strictatime", "mode=755", "size=1m", NULL };
    static const char *const dev_docker[] = { "nosuid", "strictatime", "mode=755", "size=65536k", NULL };
    static const char *const pts[] = { "nosuid",    "noexec", "newinstance", "ptmxmode=0666",
                                       "mode=0620", "gid=5",  NULL };
    static const char *const mqueue[] = { "nosuid", "noexec", "nodev", NULL };
    int64_t size = b->opt->shm_size.set && b->opt->shm_size.v > 0 ? b->opt->shm_size.v : ENGINE_SHM_DEFAULT;
    const char *shm[] = {
        "nosuid", "noexec", "nodev", "mode=1777", arena_printf(b->a, "size=%lld", (long long) size), NULL
    };
    bool ipc_host = b->opt->ipc != NULL && str_eq(b->opt->ipc, "host");
    system_mount(b, "/dev", "tmpfs", b->sealed ? dev : dev_docker);
    system_mount(b, "/dev/pts", "devpts", pts);
    if (ipc_host) {
        host_mount(b, "/dev/shm", true);
        if (b->in->host_mqueue)
            host_mount(b, "/dev/mqueue", true);
        return;
    }
    system_mount(b, "/dev/mqueue", "mqueue", mqueue);
    if (b->in->joins.shm != NULL) {
        static const char *const shared[] = { "bind", "nosuid", "nodev", "noexec", "rw", NULL };
        oci_mount_add(b->spec, "/dev/shm", "bind", b->in->joins.shm, shared);
        source_set(b, "shm", "--ipc %s", b->opt->ipc);
        return;
    }
    struct oci_mount *m = system_mount(b, "/dev/shm", "tmpfs", shm);
    if (m != NULL)
        m->source = "shm";
    if (b->opt->shm_size.set)
        source_set(b, "shm", "--shm-size");
}

int build_system_mounts(struct build *b, struct error *err)
{
    (void) err;
    mount_proc_sys(b);
    mount_dev(b);
    return 0;
}

static size_t path_depth(const char *path)
{
    size_t n = 0;
    for (; *path != '\0'; path++)
        n += *path == '/';
    return n;
}

/* Shallow targets first; equal ones stay as they are. The root and the kernel's file systems stand before. */
static void sort_mounts(struct oci_mount *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct oci_mount m = v[i];
        size_t j = i;
        for (; j > 0 && path_depth(v[j - 1].destination) > path_depth(m.destination); j--)
            v[j] = v[j - 1];
        v[j] = m;
    }
}

static struct oci_mount *tmpfs_mount(struct build *b, const char *target, const struct run_mount *m,
                                     const char *owner)
{
    struct oci_strings o = { 0 };
    bool docker = !b->sealed;
    oci_strings_add(b->a, &o, m != NULL && m->suid ? "suid" : "nosuid");
    oci_strings_add(b->a, &o, m != NULL && m->dev ? "dev" : "nodev");
    oci_strings_add(b->a, &o, m != NULL && m->exec ? "exec" : "noexec");
    if (m != NULL && m->writable.set && !m->writable.v)
        oci_strings_add(b->a, &o, "ro");
    bool size = false, mode = false;
    for (size_t i = 0; m != NULL && i < m->options.n; i++) {
        size = size || str_after(m->options.v[i], "size=") != NULL ||
               str_after(m->options.v[i], "nr_blocks=") != NULL;
        mode = mode || str_after(m->options.v[i], "mode=") != NULL;
        oci_strings_add(b->a, &o, m->options.v[i]);
    }
    if (!mode && owner == NULL)
        oci_strings_add(b->a, &o, "mode=1777");
    if (!size && !docker)
        oci_strings_add(b->a, &o, arena_printf(b->a, "size=%lld", ENGINE_TMPFS_DEFAULT));
    if (owner != NULL)
        oci_strings_add(b->a, &o, owner);
    struct oci_mount *out = oci_mount_add(b->spec, target, "tmpfs", "tmpfs", NULL);
    out->options = o;
    return out;
}

static void default_tmpfs(struct build *b)
{
    for (size_t i = 0; i < ARRAY_LEN(sealed_tmpfs) && b->sealed; i++) {
        if (asked_mount(b->opt, sealed_tmpfs[i]) == NULL)
            tmpfs_mount(b, sealed_tmpfs[i], NULL, NULL);
    }
    if (!b->sealed)
        source_set(b, "tmpfs", "%s", b->compat ? "--compat docker" : "--privileged");
    for (size_t i = 0; i < b->image->volumes.n; i++) {
        const char *path;
        if (!image_volume(b->a, b->image->volumes.v[i], &path) || asked_mount(b->opt, path) != NULL)
            continue;
        bool twice = false;
        for (size_t k = 0; k < b->spec->n_mounts; k++)
            twice = twice || str_eq(b->spec->mounts[k].destination, path);
        if (twice)
            continue;
        /* The image says that its program writes here; what is kept needs -v, and this at least lets it run. */
        strings_add_all(b->a, &tmpfs_mount(b, path, NULL, "mode=755")->options,
                        (const char *const[]){ arena_printf(b->a, "uid=%u", b->in->user.uid),
                                               arena_printf(b->a, "gid=%u", b->in->user.gid), NULL });
        source_set(b, "tmpfs", "image (VOLUME %s)", path);
    }
}

/* An anonymous volume is empty and nobody else's: it is there to be written. */
static bool mount_is_writable(const struct build *b, const struct run_mount *m)
{
    return m->writable.set ? m->writable.v : b->compat || (m->kind == RUN_MOUNT_VOLUME && m->source == NULL);
}

static void bind_options(struct build *b, const struct run_mount *m, struct oci_strings *o)
{
    bool rec = m->recursion != RUN_RECURSIVE_DISABLED;
    bool open = b->compat; /* docker's volumes may be executed from */
    const struct {
        bool on;
        const char *one, *all;
    } words[] = {
        { true, "bind", "rbind" },
        { true, m->propagation != NULL ? m->propagation : "rprivate",
          m->propagation != NULL ? m->propagation : "rprivate" },
        { !mount_is_writable(b, m), "ro", m->recursion == RUN_RECURSIVE_WRITABLE ? "ro" : "rro" },
        { !m->suid && !open, "nosuid", "rnosuid" },
        { !m->dev, "nodev", "rnodev" },
        { !m->exec && !open, "noexec", "rnoexec" },
        { b->in->userns && b->in->rootless_ids == 0 && !m->no_idmap, "idmap", "ridmap" },
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i].on)
            oci_strings_add(b->a, o, rec ? words[i].all : words[i].one);
    }
}

static int bind_mount(struct build *b, size_t index, struct error *err)
{
    const struct run_mount *m = &b->opt->mounts[index];
    const char *source = m->kind == RUN_MOUNT_BIND ? m->source : b->in->volumes[index];
    struct oci_mount *to = oci_mount_add(b->spec, m->target, "bind", source, NULL);
    bind_options(b, m, &to->options);
    const char *p = m->propagation;
    if (p != NULL && strstr(p, "private") == NULL) {
        bool shared = strstr(p, "shared") != NULL;
        const char **root = &b->spec->linux_.rootfs_propagation;
        if (b->in->userns && shared)
            return error_set(err, -EINVAL,
                             "%s: shared propagation crosses into the host; it needs --userns host",
                             m->asked);
        if (shared || *root == NULL)
            *root = shared ? "shared" : "rslave";
        source_set(b, "propagation", "%s", m->asked);
    }
    source_set(b, "volumes", "%s", m->asked);
    return 0;
}

/* A container in the network of another or of the host looks names up as that one does; one on a bridge has files of its own. */
static void network_files(struct build *b)
{
    static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec", NULL };
    if (b->in->resolv != NULL && asked_mount(b->opt, "/etc/resolv.conf") == NULL)
        oci_mount_add(b->spec, "/etc/resolv.conf", "bind", b->in->resolv, options);
    if (b->in->hosts != NULL && asked_mount(b->opt, "/etc/hosts") == NULL)
        oci_mount_add(b->spec, "/etc/hosts", "bind", b->in->hosts, options);
}

/* The runtime is given the mount itself: that there is nothing at its source ends a start that has not made one. */
static int secrets_mount(struct build *b, struct error *err)
{
    static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec", "private", NULL };
    if (b->opt->n_secrets == 0)
        return 0;
    if (asked_mount(b->opt, SECRETS_TARGET) != NULL)
        return error_set(err, -EINVAL, "--secret needs %s, where %s is already", SECRETS_TARGET,
                         asked_mount(b->opt, SECRETS_TARGET)->asked);
    oci_mount_add(b->spec, SECRETS_TARGET, "bind", SECRETS_SOURCE, options);
    source_set(b, "secrets", "--secret");
    return 0;
}

int build_user_mounts(struct build *b, struct error *err)
{
    size_t first = b->spec->n_mounts;
    default_tmpfs(b);
    for (size_t i = 0; i < b->opt->n_mounts; i++) {
        const struct run_mount *m = &b->opt->mounts[i];
        int r = 0;
        if (m->kind == RUN_MOUNT_TMPFS) {
            tmpfs_mount(b, m->target, m, NULL);
            source_set(b, "tmpfs", "%s", m->asked);
        } else {
            r = bind_mount(b, i, err);
        }
        if (r < 0)
            return r;
    }
    network_files(b);
    int r = secrets_mount(b, err);
    if (r < 0)
        return r;
    sort_mounts(b->spec->mounts + first, b->spec->n_mounts - first);
    return 0;
}
