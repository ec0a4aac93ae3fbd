// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one table, a word a row, with the bits it sets and the bits it clears. A leading 'r' (rro, rnosuid, …) is a row
 * of its own that acts on the whole tree. Words that are flags of the file system's super block go to the kernel with the file
 * system's own; a bind mount cannot change them, and says so where something would be lost by it.
 *
 * Threat: an option that is silently dropped. "ro" that is misspelt and ignored is a writable volume.
 */
#include "confine/mount_options.h"

#include <errno.h>
#include <sys/mount.h>

#include "base/parse.h"
#include "sys/mnt.h"

enum option_kind {
    OPT_ATTR,
    OPT_REC_ATTR,
    OPT_PROPAGATION,
    OPT_BIND,
    OPT_IDMAP,
    OPT_WAY,     /* how source and target are dealt with: set = MOUNT_WAY_* */
    OPT_SUPER,   /* of the super block: data for a file system, refused for a bind mount */
    OPT_HINT,    /* the same, but nothing is lost where it does not act */
    OPT_NOTHING, /* what is done anyway, or what no kernel does any more */
    OPT_NEVER,   /* no kernel can do it */
};

struct option {
    const char *name;
    enum option_kind kind;
    uint64_t set,
        clear; /* OPT_PROPAGATION: set = MS_*, clear = recursive; OPT_BIND, OPT_IDMAP: set = recursive; OPT_WAY */
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
    { "rasync", OPT_NOTHING, 0, 0 },
    { "silent", OPT_NOTHING, 0, 0 },
    { "loud", OPT_NOTHING, 0, 0 },
    { "mand", OPT_NOTHING, 0, 0 }, /* mandatory locks left Linux in 5.15 */
    { "nomand", OPT_NOTHING, 0, 0 },
    { "rmand", OPT_NOTHING, 0, 0 },
    { "rnomand", OPT_NOTHING, 0, 0 },
    { "iversion", OPT_NOTHING, 0, 0 }, /* for the file system to decide; it cannot be said by fsconfig(2) */
    { "noiversion", OPT_NOTHING, 0, 0 },
    { "lazytime", OPT_HINT, 0, 0 },
    { "nolazytime", OPT_HINT, 0, 0 },
    { "sync", OPT_SUPER, 0, 0 },
    { "dirsync", OPT_SUPER, 0, 0 },
    { "rsync", OPT_NEVER, 0, 0 },
    { "rdirsync", OPT_NEVER, 0, 0 },
    { "remount", OPT_WAY, MOUNT_WAY_REMOUNT, 0 },
    { "tmpcopyup", OPT_WAY, MOUNT_WAY_COPY_UP, 0 },
    { "copy-symlink", OPT_WAY, MOUNT_WAY_COPY_LINK, 0 },
    { "src-nofollow", OPT_WAY, MOUNT_WAY_SOURCE_LINK, 0 },
    { "dest-nofollow", OPT_WAY, MOUNT_WAY_TARGET_LINK, 0 },
};

const char *const *mount_option_names(void)
{
    static const char *names[ARRAY_LEN(options) + 1];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(options); i++)
        if (options[i].kind != OPT_NEVER)
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
    case OPT_WAY: ret->ways |= (unsigned) o->set; return 0;
    case OPT_NEVER: break;
    default: return 0;
    }
    return error_set(
        err, -EINVAL,
        "mounts[%zu].options (%s): \"%s\" cannot be set for the mounts of a tree: it belongs to the "
        "file systems",
        index, m->destination, o->name);
}

/* ---- idmap=uids=…;gids=… ---- */

/* "CONTAINER-HOST-SIZE": crun's order. */
static int parse_triple(const char *text, struct oci_id_map *ret)
{
    uint32_t *const to[] = { &ret->container_id, &ret->host_id, &ret->size };
    char number[16];
    for (size_t i = 0; i < ARRAY_LEN(to); i++) {
        size_t n = strcspn(text, "-");
        if (str_format(number, sizeof(number), "%.*s", (int) n, text) < 0 || parse_u32(number, to[i]) < 0 ||
            (text[n] == '\0') != (i == ARRAY_LEN(to) - 1))
            return -EINVAL;
        text += n + 1;
    }
    return ret->size == 0 ? -EINVAL : 0;
}

/* "0-1-10#10-11-10", with '@' in front: the middle numbers are ids of the container. */
static int parse_maps(struct arena *a, char *text, struct oci_id_maps *ret, bool *ret_relative)
{
    size_t n = 1;
    for (const char *c = text; *c; c++)
        n += *c == '#';
    *ret_relative = *text == '@';
    text += *ret_relative;
    *ret = (struct oci_id_maps){ .v = arena_array(a, n, sizeof(*ret->v)) };
    char *save = NULL;
    for (char *part = strtok_r(text, "#", &save); part; part = strtok_r(NULL, "#", &save))
        if (parse_triple(part, &ret->v[ret->n++]) < 0)
            return -EINVAL;
    return ret->n == n ? 0 : -EINVAL;
}

static int parse_idmap(struct arena *a, const char *text, struct mount_options *ret)
{
    char *copy = arena_strdup(a, text), *save = NULL;
    ret->idmap = true;
    for (char *part = strtok_r(copy, ";", &save); part; part = strtok_r(NULL, ";", &save)) {
        bool gids = str_after(part, "gids=") != NULL;
        struct oci_id_maps *maps = gids ? &ret->gids : &ret->uids;
        if ((!gids && !str_after(part, "uids=")) || maps->n > 0)
            return -EINVAL;
        if (parse_maps(a, part + strlen("uids="), maps, gids ? &ret->gids_relative : &ret->uids_relative) < 0)
            return -EINVAL;
    }
    return ret->uids.n > 0 && ret->gids.n > 0 ? 0 : -EINVAL;
}

/* A word with a value, which the table cannot hold. 1: it is one of those. */
static int apply_valued(struct arena *a, const struct oci_mount *m, size_t index, const char *word,
                        struct mount_options *ret, struct error *err)
{
    const char *recursive = str_after(word, "ridmap="), *value = recursive ?: str_after(word, "idmap=");
    if (!value)
        return 0;
    ret->idmap_rec |= recursive != NULL;
    if (ret->uids.n == 0 && parse_idmap(a, value, ret) == 0)
        return 1;
    return error_set(err, -EINVAL,
                     "mounts[%zu].options (%s): \"%s\" is not of the form "
                     "idmap=uids=CONTAINER-HOST-SIZE#…;gids=…, once",
                     index, m->destination, word);
}

/* What a bind mount cannot hand to a file system: an error, but for hints. */
static int check_bind_data(const struct oci_mount *m, size_t index, const struct mount_options *o,
                           struct error *err)
{
    for (size_t i = 0; o->data[i]; i++) {
        const struct option *known = find(o->data[i]);
        if (!known)
            return error_set(err, -EINVAL, "mounts[%zu].options (%s): unknown option \"%s\" for a bind mount",
                             index, m->destination, o->data[i]);
        if (known->kind == OPT_SUPER)
            return error_set(
                err, -EINVAL,
                "mounts[%zu].options (%s): \"%s\" belongs to the file system of the source, which "
                "a bind mount does not change",
                index, m->destination, o->data[i]);
    }
    o->data[0] = NULL;
    return 0;
}

static void drop_word(const char **words, size_t *n, const char *word)
{
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++)
        if (!str_eq(words[i], word))
            words[kept++] = words[i];
    while (*n > kept) /* the list ends with its first NULL */
        words[--*n] = NULL;
}

/*
 * "size=1m,mode=700" in one entry is two options: mount(2), which other runtimes hand their list to, cuts at commas. Not where they are
 * part of a value: behind quotes (SELinux) or a backslash (overlay). For a file system only: for a bind mount nobody would read them.
 */
static const char **cut_at_commas(struct arena *a, const char **data)
{
    size_t n = 2, k = 0; /* room for one that the caller may add */
    for (size_t i = 0; data[i]; i++, n++)
        for (const char *c = data[i]; *c; c++)
            n += *c == ',';
    const char **cut = arena_array(a, n, sizeof(*cut));
    for (size_t i = 0; data[i]; i++) {
        if (!strchr(data[i], ',') || strpbrk(data[i], "\"\\")) {
            cut[k++] = data[i];
            continue;
        }
        char *save = NULL, *copy = arena_strdup(a, data[i]);
        for (char *part = strtok_r(copy, ",", &save); part; part = strtok_r(NULL, ",", &save))
            cut[k++] = part;
    }
    return cut;
}

/* One word; what is for the file system is appended to data. */
static int apply_word(struct arena *a, const struct oci_mount *m, size_t index, const char *word,
                      struct mount_options *o, size_t *n_data, struct error *err)
{
    /* Since Linux 4.7 every mount of devpts is an instance of its own; saying so costs a system call. */
    if (m->type && str_eq(m->type, "devpts") && str_eq(word, "newinstance"))
        return 0;
    const struct option *known = find(word);
    if (str_eq(word, "async")) /* a later word wins, and the kernel has no way to say this one */
        drop_word(o->data, n_data, "sync");
    if (known && known->kind != OPT_SUPER && known->kind != OPT_HINT)
        return apply_option(known, m, index, o, err);
    int r = known ? 0 : apply_valued(a, m, index, word, o, err);
    if (r == 0)
        o->data[(*n_data)++] = word;
    return r < 0 ? r : 0;
}

int mount_options_parse(struct arena *a, const struct oci_mount *m, size_t index, struct mount_options *ret,
                        struct error *err)
{
    struct mount_options o = { .data = arena_array(a, m->options.n + 1, sizeof(*o.data)) };
    size_t n_data = 0;
    int r = 0;
    for (size_t i = 0; r >= 0 && i < m->options.n; i++)
        r = apply_word(a, m, index, m->options.v[i], &o, &n_data, err);
    o.bind |= m->type && str_eq(m->type, "bind");
    if (r >= 0 && o.bind)
        r = check_bind_data(m, index, &o, err);
    else if (r >= 0)
        o.data = cut_at_commas(a, o.data);
    if (r >= 0)
        *ret = o;
    return r;
}
