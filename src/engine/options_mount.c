// SPDX-License-Identifier: Apache-2.0
/*
 * engine/options_mount.c: -v, --mount and --tmpfs. All three end in a struct run_mount. What is not written is not granted:
 * read-only, noexec, nosuid, nodev; docker's words (ro, rw, z, nocopy, …) keep their meaning, `exec`, `dev` and `suid` are ours.
 *
 * --mount is CSV as Go's encoding/csv reads it: fields separated by commas, a field in double quotes may hold commas, and a
 * doubled quote in it is a quote.
 */
#include <errno.h>

#include "base/parse.h"
#include "engine/options_internal.h"

static const char *const propagations[] = { "private", "rprivate", "slave", "rslave", "shared", "rshared" };

static const char *known_propagation(const char *s)
{
    for (size_t i = 0; i < ARRAY_LEN(propagations); i++) {
        if (str_eq(s, propagations[i]))
            return propagations[i];
    }
    return NULL;
}

/* Docker's words for how a virtual machine's copy follows the host's files; without one there is nothing to choose. */
static bool is_consistency(const char *s)
{
    return str_eq(s, "default") || str_eq(s, "consistent") || str_eq(s, "cached") || str_eq(s, "delegated");
}

static int append(struct run_options *o, const struct run_mount *m, struct error *err)
{
    if (m->target == NULL)
        return error_set(err, -EINVAL, "it needs target=PATH");
    for (size_t i = 0; i < o->n_mounts; i++) {
        if (str_eq(o->mounts[i].target, m->target))
            return error_set(err, -EINVAL, "two mounts have the target \"%s\"", m->target);
    }
    o->mounts = arena_grow(o->arena, o->mounts, o->n_mounts, o->n_mounts + 1, sizeof(*m));
    o->mounts[o->n_mounts++] = *m;
    return 0;
}

/* A host path as typed, made absolute; "~" is the shell's business. */
static int host_path(struct arena *a, const char *path, const char **ret, struct error *err)
{
    if (path[0] == '/') {
        *ret = arena_strdup(a, path);
        return 0;
    }
    _cleanup_free_ char *cwd = getcwd(NULL, 0);
    if (cwd == NULL)
        return error_errno(err, -errno, "cannot find the current directory, to which \"%s\" is relative",
                           path);
    *ret = arena_printf(a, "%s/%s", cwd, path);
    return 0;
}

static int volume_name(const char *name, struct error *err)
{
    if (object_name_valid(name))
        return 0;
    return error_set(
        err, -EINVAL,
        "\"%s\" is not a volume name ([a-zA-Z0-9][a-zA-Z0-9_.-]+); a directory of the host begins with / or ./",
        name);
}

/* The bind and volume words that -v has behind the last colon. */
static int volume_word(struct run_mount *m, const char *word, struct error *err)
{
    const char *propagation = known_propagation(word);
    if (str_eq(word, "ro") || str_eq(word, "rw")) {
        if (m->writable.set)
            return error_set(err, -EINVAL, "ro or rw is written twice");
        m->writable = (struct opt_bool){ true, word[1] == 'w' };
    } else if (str_eq(word, "exec")) {
        m->exec = true;
    } else if (str_eq(word, "dev")) {
        m->dev = true;
    } else if (str_eq(word, "suid")) {
        m->suid = true;
    } else if (str_eq(word, "noidmap")) {
        m->no_idmap = true;
    } else if (propagation != NULL) {
        if (m->kind != RUN_MOUNT_BIND)
            return error_set(err, -EINVAL, "%s is for directories of the host, not for volumes", word);
        m->propagation = propagation;
    } else if (!str_eq(word, "noexec") && !str_eq(word, "nodev") && !str_eq(word, "nosuid") &&
               !str_eq(word, "idmap") && !str_eq(word, "nocopy") && !str_eq(word, "z") &&
               !str_eq(word, "Z") && !str_eq(word, "rbind") && !is_consistency(word)) {
        return error_set(
            err, -EINVAL,
            "\"%s\" is not a mount option; there are ro rw exec dev suid noidmap and the propagations", word);
    }
    return 0;
}

static int parse_volume(struct run_options *o, const char *value, struct run_mount *m, struct error *err)
{
    struct oci_strings part;
    list_split(o->arena, value, ':', &part);
    if (part.n > 3)
        return error_set(err, -EINVAL, "it has too many colons; --mount takes paths with colons in them");
    for (size_t i = 0; i < part.n; i++) {
        if (part.v[i][0] == '\0')
            return error_set(err, -EINVAL, "a part of it is empty; write SOURCE:TARGET or SOURCE:TARGET:rw");
    }
    int r;
    m->kind = RUN_MOUNT_VOLUME;
    if (part.n > 1) {
        bool path = part.v[0][0] == '/' || part.v[0][0] == '.';
        m->kind = path ? RUN_MOUNT_BIND : RUN_MOUNT_VOLUME;
        m->source = part.v[0];
        r = path ? host_path(o->arena, m->source, &m->source, err) : volume_name(m->source, err);
        if (r < 0)
            return r;
    }
    r = container_path_clean(o->arena, part.v[part.n > 1], &m->target, err);
    if (r < 0 || part.n < 3)
        return r;
    struct oci_strings word;
    list_split(o->arena, part.v[2], ',', &word);
    for (size_t i = 0; i < word.n; i++) {
        r = volume_word(m, word.v[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

int run_options_add_volume(struct run_options *o, const char *value, struct error *err)
{
    struct run_mount m = { .asked = arena_printf(o->arena, "-v %s", value), .short_form = true };
    if (text_has_control(value))
        return error_set(err, -EINVAL, "a volume must not have control characters in it");
    int r = parse_volume(o, value, &m, err);
    if (r < 0)
        return r;
    return append(o, &m, err);
}

/* The words that a tmpfs takes; the others are the kernel's keys size, mode, uid, gid, nr_inodes, nr_blocks, huge. */
static int tmpfs_word(struct run_options *o, struct run_mount *m, const char *word, struct error *err)
{
    static const char *const keys[] = { "mode=", "uid=", "gid=", "nr_inodes=", "nr_blocks=", "huge=" };
    if (str_eq(word, "exec"))
        m->exec = true;
    else if (str_eq(word, "suid"))
        m->suid = true;
    else if (str_eq(word, "dev"))
        m->dev = true;
    else if (str_eq(word, "ro"))
        m->writable = (struct opt_bool){ true, false };
    else if (str_eq(word, "rw") || str_eq(word, "noexec") || str_eq(word, "nosuid") ||
             str_eq(word, "nodev") || str_eq(word, "") || str_eq(word, "notmpcopyup"))
        return 0;
    else if (str_after(word, "size=") != NULL) {
        /* Checked here, so that the message is about the flag; a percentage is the kernel's. */
        const char *size = word + 5;
        size_t n = strlen(size);
        int64_t bytes = 0;
        if ((n == 0 || size[n - 1] != '%') && parse_size(size, &bytes) < 0)
            return error_set(err, -EINVAL, "\"%s\" is not a size such as 64m", size);
        if (n > 0 && size[n - 1] != '%')
            word = arena_printf(o->arena, "size=%lld", (long long) bytes);
        oci_strings_add(o->arena, &m->options, word);
    } else {
        for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
            if (str_after(word, keys[i]) != NULL && word[strlen(keys[i])] != '\0') {
                oci_strings_add(o->arena, &m->options, word);
                return 0;
            }
        }
        return error_set(
            err, -EINVAL,
            "\"%s\" is not an option of tmpfs; there are size= mode= uid= gid= nr_inodes= ro exec suid dev",
            word);
    }
    return 0;
}

int run_options_add_tmpfs(struct run_options *o, const char *value, struct error *err)
{
    struct run_mount m = { .kind = RUN_MOUNT_TMPFS, .asked = arena_printf(o->arena, "--tmpfs %s", value) };
    const char *colon = strchr(value, ':');
    size_t n = colon != NULL ? (size_t) (colon - value) : strlen(value);
    if (text_has_control(value))
        return error_set(err, -EINVAL, "a tmpfs must not have control characters in it");
    int r = container_path_clean(o->arena, arena_strndup(o->arena, value, n), &m.target, err);
    if (r < 0)
        return r;
    if (colon != NULL) {
        struct oci_strings word;
        list_split(o->arena, colon + 1, ',', &word);
        for (size_t i = 0; i < word.n; i++) {
            r = tmpfs_word(o, &m, word.v[i], err);
            if (r < 0)
                return r;
        }
    }
    return append(o, &m, err);
}

int csv_split(struct arena *a, const char *text, struct oci_strings *ret, struct error *err)
{
    *ret = (struct oci_strings){ 0 };
    for (const char *p = text;;) {
        char *field = arena_alloc(a, strlen(p) + 1);
        size_t n = 0;
        if (*p == '"') {
            for (p++; *p != '\0' && !(p[0] == '"' && p[1] != '"'); p++) {
                if (*p == '"')
                    p++;
                field[n++] = *p;
            }
            if (*p != '"')
                return error_set(err, -EINVAL, "a double quote is not closed");
            p++;
            if (*p != '\0' && *p != ',')
                return error_set(err, -EINVAL, "there must be a comma behind a closing quote");
        } else {
            for (; *p != '\0' && *p != ','; p++) {
                if (*p == '"')
                    return error_set(err, -EINVAL,
                                     "a quoted field must begin with its quote: \"key=va,lue\"");
                field[n++] = *p;
            }
        }
        oci_strings_add(a, ret, field);
        if (*p == '\0')
            return 0;
        p++;
    }
}

struct mount_text {
    struct run_options *o;
    struct run_mount *m;
    const char *type;
    struct opt_bool readonly;
    bool bind_key, volume_key, tmpfs_key; /* a key of that type was written */
};

static int key_bool(const char *key, const char *value, bool *ret, struct error *err)
{
    if (value == NULL) {
        *ret = true;
        return 0;
    }
    return parse_bool(value, ret) == 0
               ? 0
               : error_set(err, -EINVAL, "%s must be true or false, not \"%s\"", key, value);
}

static int key_recursive(struct run_mount *m, const char *value, struct error *err)
{
    static const char *const names[] = {
        [RUN_RECURSIVE_ENABLED] = "enabled",
        [RUN_RECURSIVE_DISABLED] = "disabled",
        [RUN_RECURSIVE_WRITABLE] = "writable",
        [RUN_RECURSIVE_READONLY] = "readonly",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(value, names[i])) {
            m->recursion = (enum run_recursion) i;
            return 0;
        }
    }
    return error_set(err, -EINVAL,
                     "bind-recursive must be enabled, disabled, writable or readonly, not \"%s\"", value);
}

/* Keys that have a value which must be there. 1: was one of them. */
static int mount_text_key(struct mount_text *t, const char *key, const char *value, struct error *err)
{
    struct run_mount *m = t->m;
    if (str_eq(key, "type")) {
        t->type = value;
    } else if (str_eq(key, "source") || str_eq(key, "src")) {
        m->source = value;
    } else if (str_eq(key, "target") || str_eq(key, "destination") || str_eq(key, "dst")) {
        int r = container_path_clean(t->o->arena, value, &m->target, err);
        return r < 0 ? r : 1;
    } else if (str_eq(key, "bind-propagation")) {
        t->bind_key = true;
        m->propagation = known_propagation(value);
        if (m->propagation == NULL)
            return error_set(err, -EINVAL, "bind-propagation \"%s\" is not known", value);
    } else if (str_eq(key, "bind-recursive")) {
        t->bind_key = true;
        int r = key_recursive(m, value, err);
        return r < 0 ? r : 1;
    } else if (str_eq(key, "volume-subpath")) {
        t->volume_key = true;
        m->subpath = value;
    } else if (str_eq(key, "volume-driver")) {
        t->volume_key = true;
        if (!str_eq(value, "local"))
            return error_set(err, -EINVAL, "there is no volume driver but local, so not \"%s\"", value);
    } else if (str_eq(key, "consistency")) {
        if (!is_consistency(value))
            return error_set(err, -EINVAL, "consistency must be consistent, cached or delegated, not \"%s\"",
                             value);
    } else if (str_eq(key, "tmpfs-size") || str_eq(key, "tmpfs-mode")) {
        t->tmpfs_key = true;
        uint32_t mode;
        if (key[6] == 'm' && parse_octal(value, 07777, &mode) < 0)
            return error_set(err, -EINVAL, "tmpfs-mode must be octal, such as 1777, not \"%s\"", value);
        int r = tmpfs_word(t->o, m, arena_printf(t->o->arena, "%s=%s", key + 6, value), err);
        return r < 0 ? r : 1;
    } else {
        return 0;
    }
    return 1;
}

/* Keys that are true when they stand alone. 1: was one of them. */
static int mount_flag_key(struct mount_text *t, const char *key, const char *value, struct error *err)
{
    struct run_mount *m = t->m;
    bool ignored, on = false;
    bool *target = NULL;
    if (str_eq(key, "readonly") || str_eq(key, "ro"))
        t->readonly.set = true, target = &t->readonly.v;
    else if (str_eq(key, "rw") || str_eq(key, "readwrite"))
        t->readonly.set = true, target = &on;
    else if (str_eq(key, "exec"))
        target = &m->exec;
    else if (str_eq(key, "dev"))
        target = &m->dev;
    else if (str_eq(key, "suid"))
        target = &m->suid;
    else if (str_eq(key, "idmap"))
        target = &on;
    else if (str_eq(key, "bind-create-src") || str_eq(key, "bind-nonrecursive"))
        t->bind_key = true, target = &on;
    else if (str_eq(key, "volume-nocopy"))
        t->volume_key = true, target = &ignored;
    else
        return 0;
    int r = key_bool(key, value, target, err);
    if (r < 0)
        return r;
    if (key[0] == 'r' && target == &on)
        t->readonly.v = !on;
    else if (str_eq(key, "idmap"))
        m->no_idmap = !on;
    else if (str_eq(key, "bind-create-src"))
        m->create_source = on;
    else if (str_eq(key, "bind-nonrecursive") && on)
        m->recursion = RUN_RECURSIVE_DISABLED;
    return 1;
}

static int mount_field(struct mount_text *t, const char *field, struct error *err)
{
    const char *equals = strchr(field, '=');
    size_t n = equals != NULL ? (size_t) (equals - field) : strlen(field);
    char *key = arena_strndup(t->o->arena, field, n);
    for (char *c = key; *c != '\0'; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char) (*c | 0x20) : *c;
    const char *value = equals != NULL ? equals + 1 : NULL;
    int r = mount_flag_key(t, key, value, err);
    if (r != 0)
        return r < 0 ? r : 0;
    if (value == NULL || value[0] == '\0')
        return error_set(err, -EINVAL, "\"%s\" must be a key with a value, such as target=/data", field);
    r = mount_text_key(t, key, value, err);
    if (r != 0)
        return r < 0 ? r : 0;
    return error_set(
        err, -EINVAL,
        "the key \"%s\" is not known here; there are type source target readonly exec idmap bind-* volume-* tmpfs-*",
        key);
}

/* What the keys mean together. */
static int mount_finish(struct mount_text *t, struct error *err)
{
    struct run_mount *m = t->m;
    if (str_eq(t->type, "bind"))
        m->kind = RUN_MOUNT_BIND;
    else if (str_eq(t->type, "volume"))
        m->kind = RUN_MOUNT_VOLUME;
    else if (str_eq(t->type, "tmpfs"))
        m->kind = RUN_MOUNT_TMPFS;
    else
        return error_set(err, -EINVAL, "the type \"%s\" is not supported; it is bind, volume or tmpfs",
                         t->type);
    if ((t->bind_key && m->kind != RUN_MOUNT_BIND) || (t->volume_key && m->kind != RUN_MOUNT_VOLUME) ||
        (t->tmpfs_key && m->kind != RUN_MOUNT_TMPFS))
        return error_set(err, -EINVAL, "it mixes keys of another type with type=%s", t->type);
    if (m->recursion == RUN_RECURSIVE_READONLY && t->readonly.set && !t->readonly.v)
        return error_set(err, -EINVAL, "bind-recursive=readonly cannot be writable");
    m->writable = (struct opt_bool){ t->readonly.set, t->readonly.set && !t->readonly.v };
    if (m->kind == RUN_MOUNT_TMPFS)
        return m->source == NULL ? 0 : error_set(err, -EINVAL, "a tmpfs has no source");
    if (m->kind == RUN_MOUNT_VOLUME)
        return m->source == NULL ? 0 : volume_name(m->source, err);
    if (m->source == NULL)
        return error_set(err, -EINVAL, "a bind mount needs source=PATH");
    return host_path(t->o->arena, m->source, &m->source, err);
}

int run_options_add_mount(struct run_options *o, const char *value, struct error *err)
{
    struct run_mount m = { .asked = arena_printf(o->arena, "--mount %s", value) };
    struct mount_text t = { .o = o, .m = &m, .type = "volume" };
    struct oci_strings field;
    if (text_has_control(value))
        return error_set(err, -EINVAL, "a mount must not have control characters in it");
    int r = csv_split(o->arena, value, &field, err);
    for (size_t i = 0; r == 0 && i < field.n; i++)
        r = mount_field(&t, field.v[i], err);
    if (r == 0)
        r = mount_finish(&t, err);
    return r != 0 ? r : append(o, &m, err);
}
