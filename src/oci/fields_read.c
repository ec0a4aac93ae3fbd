// SPDX-License-Identifier: Apache-2.0
/*
 * The table-driven reader. It walks the table, not the document: each member is looked up once, and only when
 * fewer were found than the object has does it go through the members to see which are unknown. The path to
 * where it stands is a chain of frames on the stack, so that a document without an error never pays for its
 * text.
 *
 * Threat: the document is hostile. Every member has a type and a range, nothing is converted silently,
 * nothing is cut off; recursion follows the tables, so its depth does not depend on the document.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "oci/digest.h"
#include "oci/fields.h"
#include "oci/spec.h"

#define CHILD(up_, key_) (&(struct field_at){ .up = (up_), .key = (key_) })
#define ITEM(up_, index_) (&(struct field_at){ .up = (up_), .index = (index_) })

static bool plain_key(const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return s[0] != '\0' && s[strspn(s, plain)] == '\0';
}

void field_path(const struct field_at *at, struct strbuf *out)
{
    if (at == NULL)
        return;
    field_path(at->up, out);
    if (at->key == NULL)
        strbuf_addf(out, "[%zu]", at->index);
    else if (at->raw || plain_key(at->key))
        strbuf_addf(out, "%s%s", out->len > 0 ? "." : "", at->key);
    else
        strbuf_addf(out, "[\"%.200s\"]", at->key);
}

int field_error(const struct field_at *at, const char *member, struct error *err, const char *fmt, ...)
{
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
    char sentence[512];
    va_list ap;
    field_path(member != NULL ? CHILD(at, member) : at, &path);
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof(sentence), fmt, ap);
    va_end(ap);
    return error_set(err, -EINVAL, "%s%s%s", path.buf, path.len > 0 ? ": " : "", sentence);
}

static bool is_absent(const struct doc *v)
{
    return v == NULL || v->type == DOC_NULL;
}

static size_t name_find(const struct field_names *names, const char *s)
{
    size_t i = 0;
    while (i < names->n && !str_eq(names->v[i], s))
        i++;
    return i;
}

static int check_string(const struct field_reader *r, const struct field *f, const char *s,
                        const struct field_at *at)
{
    if ((f->flags & FIELD_ABSOLUTE) && s[0] != '/')
        return field_error(at, NULL, r->err, "\"%.200s\" must be an absolute path", s);
    if ((f->flags & FIELD_DIGEST) && !digest_valid(s))
        return field_error(at, NULL, r->err, "\"%.200s\" is not a valid digest (sha256 or sha512)", s);
    if (f->names != NULL && name_find(f->names, s) == f->names->n)
        return field_error(at, NULL, r->err, "unknown %s \"%.200s\"", f->names->noun, s);
    return 0;
}

static int read_string(const struct field_reader *r, const struct field *f, const struct doc *v,
                       const char **to, const struct field_at *at)
{
    if (v->type != DOC_STRING)
        return field_error(at, NULL, r->err, "must be a string");
    const char *s = v->s;
    if (s[0] == '\0' && !(f->flags & FIELD_KEEP_EMPTY))
        return (f->flags & FIELD_REQUIRED) ? field_error(at, NULL, r->err, "must not be empty") : 0;
    int ret = check_string(r, f, s, at);
    if (ret == 0)
        *to = s;
    return ret;
}

static int read_enum(const struct field_reader *r, const struct field *f, const struct doc *v, void *to,
                     const struct field_at *at)
{
    if (v->type != DOC_STRING)
        return field_error(at, NULL, r->err, "must be a string");
    size_t i = name_find(f->names, v->s);
    if (i == f->names->n)
        return field_error(at, NULL, r->err, "unknown %s \"%.200s\"", f->names->noun, v->s);
    unsigned value = (unsigned) i;
    memcpy(to, &value, sizeof(value));
    return 0;
}

static int read_signed(const struct field_reader *r, const struct field *f, const struct doc *v, int64_t *to,
                       const struct field_at *at)
{
    bool any = f->min == 0 && f->max == 0;
    int64_t min = any ? INT64_MIN : f->min, max = any ? INT64_MAX : (int64_t) f->max;
    if (v->type == DOC_UINT)
        return field_error(at, NULL, r->err, "%" PRIu64 " is out of range (%" PRId64 "..%" PRId64 ")", v->u,
                           min, max);
    if (v->type != DOC_INT)
        return field_error(at, NULL, r->err, "must be an integer");
    if (v->i < min || v->i > max)
        return field_error(at, NULL, r->err, "%" PRId64 " is out of range (%" PRId64 "..%" PRId64 ")", v->i,
                           min, max);
    *to = v->i;
    return 0;
}

static int read_unsigned(const struct field_reader *r, const struct field *f, const struct doc *v,
                         uint64_t type_max, uint64_t *to, const struct field_at *at)
{
    uint64_t min = f->max == 0 ? 0 : (uint64_t) f->min, max = f->max == 0 ? type_max : f->max;
    if (v->type != DOC_INT && v->type != DOC_UINT)
        return field_error(at, NULL, r->err, "must be an integer");
    if (v->type == DOC_INT && v->i < 0)
        return field_error(at, NULL, r->err, "%" PRId64 " is out of range (%" PRIu64 "..%" PRIu64 ")", v->i,
                           min, max);
    uint64_t u = v->type == DOC_INT ? (uint64_t) v->i : v->u;
    if (u < min || u > max)
        return field_error(at, NULL, r->err, "%" PRIu64 " is out of range (%" PRIu64 "..%" PRIu64 ")", u, min,
                           max);
    *to = u;
    return 0;
}

static int read_number(const struct field_reader *r, const struct field *f, const struct doc *v, char *to,
                       const struct field_at *at)
{
    bool wide = f->kind != FIELD_U32 && f->kind != FIELD_OPT_U32;
    bool opt = f->kind == FIELD_OPT_I64 || f->kind == FIELD_OPT_U64 || f->kind == FIELD_OPT_U32;
    int64_t i = 0;
    uint64_t u = 0;
    bool is_signed = f->kind == FIELD_I64 || f->kind == FIELD_OPT_I64;
    int ret = is_signed ? read_signed(r, f, v, &i, at)
                        : read_unsigned(r, f, v, wide ? UINT64_MAX : UINT32_MAX, &u, at);
    if (ret < 0)
        return ret;
    if (is_signed)
        u = (uint64_t) i;
    uint32_t narrow = (uint32_t) u;
    if (opt) {
        *(bool *) to = true;
        to += wide ? offsetof(struct opt_u64, v) : offsetof(struct opt_u32, v);
    }
    memcpy(to, wide ? (void *) &u : (void *) &narrow, wide ? sizeof(u) : sizeof(narrow));
    return 0;
}

static int read_bool(const struct field_reader *r, const struct field *f, const struct doc *v, char *to,
                     const struct field_at *at)
{
    if (v->type != DOC_TRUE && v->type != DOC_FALSE)
        return field_error(at, NULL, r->err, "must be true or false");
    if (f->kind == FIELD_OPT_BOOL)
        *(struct opt_bool *) to = (struct opt_bool){ .set = true, .v = v->type == DOC_TRUE };
    else
        *(bool *) to = v->type == DOC_TRUE;
    return 0;
}

static int read_strings(const struct field_reader *r, const struct field *f, const struct doc *v,
                        struct oci_strings *to, const struct field_at *at)
{
    size_t n = v->n;
    if ((f->flags & FIELD_ONE) && v->type == DOC_STRING) {
        oci_strings_add(r->arena, to, v->s);
        return 0;
    }
    if (v->type != DOC_ARRAY)
        return field_error(at, NULL, r->err, "must be an array");
    const char **list = arena_array(r->arena, n + 1, sizeof(*list)); /* an empty list is not an absent one */
    for (size_t i = 0; i < n; i++) {
        const struct doc *item = &v->items[i];
        if (item->type != DOC_STRING)
            return field_error(ITEM(at, i), NULL, r->err, "must be a string");
        int ret = f->flags || f->names != NULL ? check_string(r, f, item->s, ITEM(at, i)) : 0;
        if (ret < 0)
            return ret;
        list[i] = item->s;
    }
    *to = (struct oci_strings){ list, n };
    return 0;
}

static int read_u32s(const struct field_reader *r, const struct field *f, const struct doc *v, uint32_t **to,
                     size_t *ret_n, const struct field_at *at)
{
    size_t n = v->n;
    if (v->type != DOC_ARRAY)
        return field_error(at, NULL, r->err, "must be an array");
    uint32_t *list = n > 0 ? arena_array(r->arena, n, sizeof(*list)) : NULL;
    for (size_t i = 0; i < n; i++) {
        uint64_t u = 0;
        int ret = read_unsigned(r, f, &v->items[i], UINT32_MAX, &u, ITEM(at, i));
        if (ret < 0)
            return ret;
        list[i] = (uint32_t) u;
    }
    *to = list;
    *ret_n = n;
    return 0;
}

static int read_pairs(const struct field_reader *r, const struct doc *v, struct oci_pairs *to,
                      const struct field_at *at)
{
    if (v->type != DOC_OBJECT)
        return field_error(at, NULL, r->err, "must be an object");
    struct oci_pair *list = v->n > 0 ? arena_array(r->arena, v->n, sizeof(*list)) : NULL;
    for (uint32_t i = 0; i < v->n; i++) {
        const struct doc_member *m = &v->members[i];
        if (m->key_len == 0)
            return field_error(at, NULL, r->err, "a key must not be empty");
        if (m->value.type != DOC_STRING)
            return field_error(CHILD(at, m->key), NULL, r->err, "must be a string");
        list[i] = (struct oci_pair){ m->key, m->value.s };
    }
    *to = (struct oci_pairs){ list, v->n };
    return 0;
}

static int read_keys(const struct field_reader *r, const struct doc *v, struct oci_strings *to,
                     const struct field_at *at)
{
    if (v->type != DOC_OBJECT)
        return field_error(at, NULL, r->err, "must be an object");
    const char **list = v->n > 0 ? arena_array(r->arena, v->n, sizeof(*list)) : NULL;
    for (uint32_t i = 0; i < v->n; i++)
        list[i] = v->members[i].key;
    *to = (struct oci_strings){ list, v->n };
    return 0;
}

static int read_list(const struct field_reader *r, const struct field *f, const struct doc *v, char *to,
                     const struct field_at *at)
{
    size_t n = v->n;
    if (v->type != DOC_ARRAY)
        return field_error(at, NULL, r->err, "must be an array");
    char *list = n > 0 ? arena_array(r->arena, n, f->object->size) : NULL;
    for (size_t i = 0; i < n; i++) {
        int ret = fields_read(r, f->object, &v->items[i], list + i * f->object->size, ITEM(at, i));
        if (ret < 0)
            return ret;
    }
    memcpy(to, &list, sizeof(list));
    memcpy(to + sizeof(list), &n, sizeof(n));
    return 0;
}

static int read_map(const struct field_reader *r, const struct field *f, const struct doc *v, char *to,
                    const struct field_at *at)
{
    size_t n = v->n;
    if (v->type != DOC_OBJECT)
        return field_error(at, NULL, r->err, "must be an object");
    char *list = n > 0 ? arena_array(r->arena, n, f->object->size) : NULL;
    for (size_t i = 0; i < n; i++) {
        const struct doc_member *m = &v->members[i];
        char *item = list + i * f->object->size;
        memcpy(item, &m->key, sizeof(m->key));
        int ret = fields_read(r, f->object, &m->value, item, CHILD(at, m->key));
        if (ret < 0)
            return ret;
    }
    memcpy(to, &list, sizeof(list));
    memcpy(to + sizeof(list), &n, sizeof(n));
    return 0;
}

static int read_member(const struct field_reader *r, const struct field *f, const struct doc *v, char *to,
                       const struct field_at *at)
{
    switch ((enum field_kind) f->kind) {
    case FIELD_BOOL:
    case FIELD_OPT_BOOL: return read_bool(r, f, v, to, at);
    case FIELD_STRING: return read_string(r, f, v, (const char **) (void *) to, at);
    case FIELD_ENUM: return read_enum(r, f, v, to, at);
    case FIELD_I64:
    case FIELD_U64:
    case FIELD_U32:
    case FIELD_OPT_I64:
    case FIELD_OPT_U64:
    case FIELD_OPT_U32: return read_number(r, f, v, to, at);
    case FIELD_STRINGS: return read_strings(r, f, v, (struct oci_strings *) (void *) to, at);
    case FIELD_U32S:
        return read_u32s(r, f, v, (uint32_t **) (void *) to, (size_t *) (void *) (to + sizeof(uint32_t *)),
                         at);
    case FIELD_PAIRS: return read_pairs(r, v, (struct oci_pairs *) (void *) to, at);
    case FIELD_KEYS: return read_keys(r, v, (struct oci_strings *) (void *) to, at);
    case FIELD_OBJECT: return fields_read(r, f->object, v, to, at);
    case FIELD_LIST: return read_list(r, f, v, to, at);
    case FIELD_MAP: return read_map(r, f, v, to, at);
    case FIELD_CUSTOM: return f->custom->read(r, v, to, at);
    }
    return 0;
}

static bool known(const struct field_object *o, const char *key)
{
    for (size_t i = 0; i < o->n; i++)
        if (str_eq(o->fields[i].key, key))
            return true;
    return false;
}

static int unknown_members(const struct field_reader *r, const struct field_object *o, const struct doc *d,
                           const struct field_at *at)
{
    for (uint32_t i = 0; i < d->n && (o->closed || r->extra != NULL); i++) {
        const struct doc_member *m = &d->members[i];
        if (known(o, m->key))
            continue;
        if (o->closed)
            return field_error(at, NULL, r->err, "unknown %s \"%.200s\"", o->noun, m->key);
        _cleanup_strbuf_ struct strbuf path = STRBUF_INIT;
        field_path(CHILD(at, m->key), &path);
        json_object_set_new(r->extra, path.buf, doc_to_json(&m->value));
    }
    return 0;
}

int fields_read(const struct field_reader *r, const struct field_object *o, const struct doc *d, void *to,
                const struct field_at *at)
{
    size_t found = 0;
    if (d->type != DOC_OBJECT)
        return field_error(at, NULL, r->err, "must be an object");
    if (o->origin != 0)
        *(const struct doc **) (void *) ((char *) to + o->origin) = d;
    for (size_t i = 0; i < o->n; i++) {
        const struct field *f = &o->fields[i];
        const struct doc *v = doc_get(d, f->key);
        found += v != NULL;
        if (is_absent(v)) {
            if (f->flags & FIELD_REQUIRED)
                return field_error(at, f->key, r->err, "is required");
            continue;
        }
        int ret = read_member(r, f, v, (char *) to + f->offset, CHILD(at, f->key));
        if (ret < 0)
            return ret;
        if (f->set != 0)
            *((bool *) to + f->set) = true;
    }
    if (found < d->n) {
        int ret = unknown_members(r, o, d, at);
        if (ret < 0)
            return ret;
    }
    return o->check != NULL ? o->check(to, at, r->err) : 0;
}
