// SPDX-License-Identifier: Apache-2.0
/*
 * The table-driven writer. A field that says something is written from the structure. One that is silent
 * (NULL, 0, empty, unset) is written as its origin had it, when that was as silent: `false`, `[]`, null; a
 * member that was something else has been removed since. Members that the table does not know follow from the
 * origin.
 */
#include "oci/bigint.h"
#include "oci/fields.h"
#include "oci/spec.h"

json_t *field_string(const char *s)
{
    json_t *j = json_string(s);
    if (j != NULL)
        return j;
    _cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;
    while (*s != '\0') {
        size_t n = doc_utf8_char(s);
        strbuf_add(&clean, n > 0 ? s : "\xef\xbf\xbd", n > 0 ? n : 3);
        s += n > 0 ? n : 1;
    }
    return json_string_nocheck(clean.buf);
}

static void set_member(json_t *obj, const char *key, json_t *value)
{
    _cleanup_json_ json_t *clean = field_string(key);
    json_object_set_new_nocheck(obj, json_string_value(clean), value);
}

static json_t *write_strings(const struct oci_strings *l)
{
    json_t *a = json_array();
    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(a, field_string(l->v[i]));
    return a;
}

static json_t *write_keys(const struct oci_strings *l)
{
    json_t *o = json_object();
    for (size_t i = 0; i < l->n; i++)
        set_member(o, l->v[i], json_object());
    return o;
}

static json_t *write_pairs(const struct oci_pairs *p)
{
    json_t *o = json_object();
    for (size_t i = 0; i < p->n; i++)
        set_member(o, p->v[i].key, field_string(p->v[i].value));
    return o;
}

static const struct doc *item_origin(const struct field_object *o, const char *item)
{
    return o->origin != 0 ? *(const struct doc *const *) (const void *) (item + o->origin) : NULL;
}

static json_t *write_items(const struct field *f, const char *from)
{
    char *list;
    size_t n;
    memcpy(&list, from, sizeof(list));
    memcpy(&n, from + sizeof(list), sizeof(n));
    json_t *all = f->kind == FIELD_LIST ? json_array() : json_object();
    for (size_t i = 0; i < n; i++) {
        const char *item = list + i * f->object->size, *key;
        json_t *one = fields_write(f->object, item, item_origin(f->object, item));
        if (f->kind == FIELD_LIST) {
            json_array_append_new(all, one);
        } else {
            memcpy(&key, item, sizeof(key));
            set_member(all, key, one);
        }
    }
    return all;
}

static json_t *write_u32s(const char *from)
{
    uint32_t *list;
    size_t n;
    memcpy(&list, from, sizeof(list));
    memcpy(&n, from + sizeof(list), sizeof(n));
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(all, json_integer(list[i]));
    return all;
}

static unsigned enum_value(const char *from)
{
    unsigned v;
    memcpy(&v, from, sizeof(v));
    return v;
}

static json_t *write_object(const struct field *f, const char *from, const struct doc *old)
{
    if (f->object->origin != 0)
        old = item_origin(f->object, from);
    return fields_write(f->object, from, old != NULL && old->type == DOC_OBJECT ? old : NULL);
}

static json_t *write_member(const struct field *f, const char *from, const struct doc *old)
{
    const void *p = from;
    switch ((enum field_kind) f->kind) {
    case FIELD_BOOL: return json_boolean(*(const bool *) p);
    case FIELD_STRING: return field_string(*(const char *const *) p);
    case FIELD_ENUM: return json_string(f->names->v[enum_value(from) < f->names->n ? enum_value(from) : 0]);
    case FIELD_I64: return json_integer(*(const int64_t *) p);
    case FIELD_U64: return oci_json_from_u64(*(const uint64_t *) p);
    case FIELD_U32: return json_integer(*(const uint32_t *) p);
    case FIELD_OPT_BOOL: return json_boolean(((const struct opt_bool *) p)->v);
    case FIELD_OPT_I64: return json_integer(((const struct opt_i64 *) p)->v);
    case FIELD_OPT_U64: return oci_json_from_u64(((const struct opt_u64 *) p)->v);
    case FIELD_OPT_U32: return json_integer(((const struct opt_u32 *) p)->v);
    case FIELD_STRINGS: return write_strings(p);
    case FIELD_KEYS: return write_keys(p);
    case FIELD_U32S: return write_u32s(from);
    case FIELD_PAIRS: return write_pairs(p);
    case FIELD_OBJECT: return write_object(f, from, old);
    case FIELD_LIST:
    case FIELD_MAP: return write_items(f, from);
    case FIELD_CUSTOM: return f->custom->write(p, old);
    }
    return NULL;
}

/* Has the field nothing to say? Objects and customs are asked by writing them. */
static bool is_silent(const struct field *f, const char *from)
{
    const void *p = from;
    size_t n;
    switch ((enum field_kind) f->kind) {
    case FIELD_BOOL: return !*(const bool *) p;
    case FIELD_STRING: return *(const char *const *) p == NULL;
    case FIELD_I64:
    case FIELD_U64: return *(const uint64_t *) p == 0;
    case FIELD_U32: return *(const uint32_t *) p == 0;
    case FIELD_OPT_BOOL: return !((const struct opt_bool *) p)->set;
    case FIELD_OPT_I64: return !((const struct opt_i64 *) p)->set;
    case FIELD_OPT_U64: return !((const struct opt_u64 *) p)->set;
    case FIELD_OPT_U32: return !((const struct opt_u32 *) p)->set;
    case FIELD_STRINGS:
        if ((f->flags & FIELD_KEEP_EMPTY) && ((const struct oci_strings *) p)->v)
            return false;
        __attribute__((fallthrough));
    case FIELD_KEYS:
    case FIELD_U32S:
    case FIELD_PAIRS:
    case FIELD_LIST:
    case FIELD_MAP: memcpy(&n, from + sizeof(void *), sizeof(n)); return n == 0;
    case FIELD_ENUM:
    case FIELD_OBJECT:
    case FIELD_CUSTOM: break;
    }
    return false;
}

/* Is it what a silent field was read from? */
static bool is_blank(const struct doc *v)
{
    return v->type == DOC_NULL || v->type == DOC_FALSE || (v->type == DOC_INT && v->i == 0) ||
           (v->type >= DOC_STRING && v->n == 0);
}

/* Can a silent field be written as a value? NULL and unset are no values. */
static bool has_zero(const struct field *f)
{
    return f->kind != FIELD_STRING && f->kind != FIELD_OPT_BOOL && f->kind != FIELD_OPT_I64 &&
           f->kind != FIELD_OPT_U64 && f->kind != FIELD_OPT_U32;
}

/* NULL: the member is left out. */
static json_t *member_json(const struct field *f, const char *base, const struct doc *origin)
{
    const char *from = base + f->offset;
    const struct doc *old = doc_get(origin, f->key);
    bool always = f->flags & (FIELD_REQUIRED | FIELD_ALWAYS);
    if (f->set != 0) {
        if (*((const bool *) base + f->set))
            return write_member(f, from, old);
        return old != NULL && old->type == DOC_NULL ? json_null() : NULL;
    }
    json_t *written = is_silent(f, from) ? NULL : write_member(f, from, old);
    bool empty = f->kind == FIELD_OBJECT && written != NULL && json_object_size(written) == 0;
    if (written != NULL && !empty)
        return written;
    json_decref(written);
    if (old != NULL && is_blank(old))
        return doc_to_json(old);
    return always && has_zero(f) && (origin == NULL || old != NULL) ? write_member(f, from, NULL) : NULL;
}

json_t *fields_write(const struct field_object *o, const void *from, const struct doc *origin)
{
    json_t *obj = json_object();
    for (size_t i = 0; i < o->n; i++) {
        json_t *v = member_json(&o->fields[i], from, origin);
        if (v != NULL)
            json_object_set_new_nocheck(obj, o->fields[i].key, v);
    }
    for (uint32_t k = 0; origin != NULL && k < origin->n; k++) {
        const struct doc_member *m = &origin->members[k];
        size_t i = 0;
        while (i < o->n && !str_eq(o->fields[i].key, m->key))
            i++;
        if (i == o->n)
            json_object_set_new_nocheck(obj, m->key, doc_to_json(&m->value));
    }
    return obj;
}
