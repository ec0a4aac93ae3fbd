// SPDX-License-Identifier: Apache-2.0
/*
 * The doors to config.json. The document is read into the spec's arena and stays there; strings point into
 * it, so that the whole reading is one walk along the tables (spec_tables.c) and copies nothing but arrays.
 */
#include "oci/spec.h"

#include <errno.h>

#include "oci/bigint.h"
#include "oci/spec_tables.h"

struct oci_spec *oci_spec_new(void)
{
    struct arena *a = arena_new();
    struct oci_spec *spec = arena_alloc(a, sizeof(*spec));
    spec->arena = a;
    spec->oci_version = OCI_VERSION_MAX;
    return spec;
}

void oci_spec_free(struct oci_spec *spec)
{
    if (spec == NULL)
        return;
    json_decref(spec->extra);
    arena_free(spec->arena);
}

int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct error *err)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    int r = doc_parse(text, len, "config.json", spec->arena, &spec->origin, err);
    if (r < 0)
        return r;
    /* First of all: what follows is only true of a version that we know. */
    const struct doc *version = doc_get(spec->origin, "ociVersion");
    if (version != NULL && version->type == DOC_STRING) {
        r = oci_check_version(version->s, err);
        if (r < 0)
            return r;
    }
    spec->extra = json_object();
    struct field_reader reader = { .arena = spec->arena, .extra = spec->extra, .err = err };
    r = fields_read(&reader, &oci_spec_object, spec->origin, spec, NULL);
    if (r < 0)
        return r;
    if (json_object_size(spec->extra) == 0) {
        json_decref(spec->extra);
        spec->extra = NULL;
    }
    *ret = TAKE_PTR(spec);
    return 0;
}

int oci_process_parse(const char *text, size_t len, struct arena *arena, struct oci_process *ret,
                      struct error *err)
{
    const struct doc *d;
    struct oci_process process = { .set = true };
    struct field_reader reader = { .arena = arena, .err = err };
    struct field_at at = { .key = "process" };
    int r = doc_parse(text, len, "process", arena, &d, err);
    if (r == 0)
        r = fields_read(&reader, &oci_process_object, d, &process, &at);
    if (r == 0)
        *ret = process;
    return r;
}

int oci_resources_parse(const char *text, size_t len, struct arena *arena, struct oci_resources *ret,
                        struct error *err)
{
    const struct doc *d;
    struct oci_resources resources = { 0 };
    struct field_reader reader = { .arena = arena, .err = err };
    struct field_at at = { .key = "resources" };
    int r = doc_parse(text, len, "resources", arena, &d, err);
    if (r == 0)
        r = fields_read(&reader, &oci_resources_object, d, &resources, &at);
    if (r == 0)
        *ret = resources;
    return r;
}

int oci_seccomp_from_json(const json_t *obj, const char *path, struct arena *arena, struct oci_seccomp *ret,
                          struct error *err)
{
    struct oci_seccomp sec = { .set = true };
    struct field_reader reader = { .arena = arena, .err = err };
    struct field_at at = { .key = path, .raw = true };
    int r = fields_read(&reader, &oci_seccomp_object, doc_from_json(arena, obj), &sec,
                        str_empty(path) ? NULL : &at);
    if (r == 0)
        *ret = sec;
    return r;
}

json_t *oci_spec_to_json(const struct oci_spec *spec)
{
    return fields_write(&oci_spec_object, spec, spec->origin);
}

char *oci_spec_text(const struct oci_spec *spec, int indent)
{
    _cleanup_json_ json_t *json = oci_spec_to_json(spec);
    return oci_json_text(json, indent);
}

json_t *oci_seccomp_to_json(const struct oci_seccomp *sec)
{
    return fields_write(&oci_seccomp_object, sec, sec->origin);
}

/* Grown by copying: a list may have come from anywhere, so nothing can be known of room behind it. */
bool oci_strings_has(const struct oci_strings *l, const char *s)
{
    for (size_t i = 0; i < l->n; i++) {
        if (str_eq(l->v[i], s))
            return true;
    }
    return false;
}

void oci_strings_add(struct arena *a, struct oci_strings *l, const char *s)
{
    l->v = arena_grow(a, l->v, l->n, l->n + 1, sizeof(*l->v));
    l->v[l->n++] = arena_strdup(a, s);
}

void oci_pairs_set(struct arena *a, struct oci_pairs *p, const char *key, const char *value)
{
    size_t i = 0;
    while (i < p->n && !str_eq(p->v[i].key, key))
        i++;
    if (i == p->n) {
        p->v = arena_grow(a, p->v, p->n, p->n + 1, sizeof(*p->v));
        p->v[p->n++].key = arena_strdup(a, key);
    }
    p->v[i].value = arena_strdup(a, value);
}

const char *oci_pairs_get(const struct oci_pairs *p, const char *key)
{
    for (size_t i = 0; i < p->n; i++)
        if (str_eq(p->v[i].key, key))
            return p->v[i].value;
    return NULL;
}

json_t *oci_pairs_json(const struct oci_pairs *p)
{
    json_t *object = json_object();
    for (size_t i = 0; i < p->n; i++)
        json_object_set_new(object, p->v[i].key, json_string(p->v[i].value));
    return object;
}

bool oci_pairs_match(const struct oci_pairs *p, const char *wanted)
{
    const char *equals = strchr(wanted, '=');
    _cleanup_free_ char *key = xstrndup(wanted, equals != NULL ? (size_t) (equals - wanted) : strlen(wanted));
    const char *value = oci_pairs_get(p, key);
    return value != NULL && (equals == NULL || str_eq(value, equals + 1));
}

struct oci_mount *oci_mount_add(struct oci_spec *spec, const char *destination, const char *type,
                                const char *source, const char *const *options)
{
    struct arena *a = spec->arena;
    spec->mounts = arena_grow(a, spec->mounts, spec->n_mounts, spec->n_mounts + 1, sizeof(*spec->mounts));
    struct oci_mount *m = &spec->mounts[spec->n_mounts++];
    *m = (struct oci_mount){ .destination = arena_strdup(a, destination) };
    m->type = type != NULL ? arena_strdup(a, type) : NULL;
    m->source = source != NULL ? arena_strdup(a, source) : NULL;
    for (; options != NULL && *options != NULL; options++)
        oci_strings_add(a, &m->options, *options);
    return m;
}

/* NULL-safe for a value that is no member of the enum: "?" rather than a read beyond the table. */
static const char *name_of(const struct field_names *names, unsigned i)
{
    return i < names->n ? names->v[i] : "?";
}

static int name_parse(const struct field_names *names, const char *name, unsigned *ret)
{
    for (unsigned i = 0; i < names->n; i++)
        if (str_eq(names->v[i], name)) {
            *ret = i;
            return 0;
        }
    return -EINVAL;
}

const char *oci_namespace_name(enum oci_namespace_kind kind)
{
    return name_of(&oci_namespace_names, (unsigned) kind);
}

const char *oci_hook_name(enum oci_hook_kind kind)
{
    return name_of(&oci_hook_names, (unsigned) kind);
}

const char *oci_seccomp_action_name(enum oci_seccomp_action action)
{
    return name_of(&oci_seccomp_action_names, (unsigned) action);
}

int oci_seccomp_action_parse(const char *name, enum oci_seccomp_action *ret)
{
    unsigned i;
    int r = name_parse(&oci_seccomp_action_names, name, &i);
    if (r == 0)
        *ret = (enum oci_seccomp_action) i;
    return r;
}

const char *oci_seccomp_op_name(enum oci_seccomp_op op)
{
    return name_of(&oci_seccomp_op_names, (unsigned) op);
}

int oci_seccomp_op_parse(const char *name, enum oci_seccomp_op *ret)
{
    unsigned i;
    int r = name_parse(&oci_seccomp_op_names, name, &i);
    if (r == 0)
        *ret = (enum oci_seccomp_op) i;
    return r;
}
