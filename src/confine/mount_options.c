// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one table, a word a row, with the bits it sets and the bits it clears. A leading 'r' (rro, rnosuid, …) is a row
 * of its own that acts on the whole tree.
 *
 * Threat: an option that is silently dropped. "ro" that is misspelt and ignored is a writable volume.
 */
#include "confine/mount_options.h"

#include <errno.h>
#include <sys/mount.h>

#include "sys/mnt.h"

enum option_kind { OPT_ATTR, OPT_REC_ATTR, OPT_PROPAGATION, OPT_BIND, OPT_IDMAP, OPT_NOTHING, OPT_LATER };

struct option {
    const char *name;
    enum option_kind kind;
    uint64_t set,
        clear; /* OPT_PROPAGATION: set = MS_*, clear = recursive; OPT_BIND, OPT_IDMAP: set = recursive */
};

#define ATTR_PAIR(on, off, bit)                                                            \
    { on, OPT_ATTR, bit, 0 }, { off, OPT_ATTR, 0, bit }, { "r" on, OPT_REC_ATTR, bit, 0 }, \
    {                                                                                      \
        "r" off, OPT_REC_ATTR, 0, bit                                                      \
    }

static const struct option options[] = {
    ATTR_PAIR("ro", "rw", MOUNT_ATTR_RDONLY),
    ATTR_PAIR("nosuid", "suid", MOUNT_ATTR_NOSUID),
    ATTR_PAIR("nodev", "dev", MOUNT_ATTR_NODEV),
    ATTR_PAIR("noexec", "exec", MOUNT_ATTR_NOEXEC),
    ATTR_PAIR("nodiratime", "diratime", MOUNT_ATTR_NODIRATIME),
    ATTR_PAIR("nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW),
    { "noatime", OPT_ATTR, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
    { "atime", OPT_ATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "relatime", OPT_ATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "norelatime", OPT_ATTR, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
    { "strictatime", OPT_ATTR, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
    { "nostrictatime", OPT_ATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "rnoatime", OPT_REC_ATTR, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
    { "ratime", OPT_REC_ATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "rrelatime", OPT_REC_ATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "rnorelatime", OPT_REC_ATTR, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
    { "rstrictatime", OPT_REC_ATTR, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
    { "rnostrictatime", OPT_REC_ATTR, MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME },
    { "private", OPT_PROPAGATION, MS_PRIVATE, 0 },
    { "rprivate", OPT_PROPAGATION, MS_PRIVATE, 1 },
    { "slave", OPT_PROPAGATION, MS_SLAVE, 0 },
    { "rslave", OPT_PROPAGATION, MS_SLAVE, 1 },
    { "shared", OPT_PROPAGATION, MS_SHARED, 0 },
    { "rshared", OPT_PROPAGATION, MS_SHARED, 1 },
    { "unbindable", OPT_PROPAGATION, MS_UNBINDABLE, 0 },
    { "runbindable", OPT_PROPAGATION, MS_UNBINDABLE, 1 },
    { "bind", OPT_BIND, 0, 0 },
    { "rbind", OPT_BIND, 1, 0 },
    { "idmap", OPT_IDMAP, 0, 0 },
    { "ridmap", OPT_IDMAP, 1, 0 },
    { "defaults", OPT_NOTHING, 0, 0 },
    { "async", OPT_NOTHING, 0, 0 },
    { "tmpcopyup", OPT_LATER, 0, 0 },
    { "copy-symlink", OPT_LATER, 0, 0 },
    { "src-nofollow", OPT_LATER, 0, 0 },
    { "dest-nofollow", OPT_LATER, 0, 0 },
};

const char *const *mount_option_names(void)
{
    static const char *names[ARRAY_LEN(options) + 1];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].kind != OPT_LATER)
            names[n++] = options[i].name;
    return names;
}

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (str_eq(options[i].name, name))
            return &options[i];
    return NULL;
}

/* A later word undoes an earlier one that set the same bits: "ro,rw" is rw. */
static void add_bits(uint64_t *set, uint64_t *clear, const struct option *o)
{
    *set = (*set & ~o->clear) | o->set;
    *clear = (*clear & ~o->set) | o->clear;
}

static int apply_option(const struct option *o, const struct oci_mount *m, size_t index,
                        struct mount_options *ret, struct error *err)
{
    switch (o->kind) {
    case OPT_ATTR: add_bits(&ret->set, &ret->clear, o); return 0;
    case OPT_REC_ATTR: add_bits(&ret->rec_set, &ret->rec_clear, o); return 0;
    case OPT_PROPAGATION:
        ret->propagation = o->set;
        ret->propagation_rec = o->clear;
        return 0;
    case OPT_BIND:
        ret->bind = true;
        ret->bind_rec |= o->set;
        return 0;
    case OPT_IDMAP:
        ret->idmap = true;
        ret->idmap_rec |= o->set;
        return 0;
    case OPT_NOTHING: return 0;
    case OPT_LATER: break;
    }
    return error_set(err, -ENOTSUP, "mounts[%zu].options (%s): \"%s\" is not enforced by this version", index,
                     m->destination, o->name);
}

int mount_options_parse(struct arena *a, const struct oci_mount *m, size_t index, struct mount_options *ret,
                        struct error *err)
{
    struct mount_options o = { .data = arena_array(a, m->options.n + 1, sizeof(*o.data)) };
    size_t n_data = 0;
    for (size_t i = 0; i < m->options.n; i++) {
        const struct option *known = find(m->options.v[i]);
        /* Since Linux 4.7 every mount of devpts is an instance of its own; saying so costs a system call. */
        if (m->type && str_eq(m->type, "devpts") && str_eq(m->options.v[i], "newinstance"))
            continue;
        if (!known) {
            o.data[n_data++] = m->options.v[i];
            continue;
        }
        int r = apply_option(known, m, index, &o, err);
        if (r < 0)
            return r;
    }
    o.bind |= m->type && str_eq(m->type, "bind");
    if (o.bind && n_data > 0)
        return error_set(err, -EINVAL, "mounts[%zu].options (%s): unknown option \"%s\" for a bind mount",
                         index, m->destination, o.data[0]);
    *ret = o;
    return 0;
}
