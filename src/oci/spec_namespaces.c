// SPDX-License-Identifier: Apache-2.0
/*
 * linux.namespaces: in the document an array, in the structure an array by type, so that a type cannot be
 * there twice and needs no search. The order of the document is kept through its array.
 */
#include "oci/spec_tables.h"

struct entry {
    enum oci_namespace_kind type;
    struct oci_namespace ns;
};

static const struct field entry_fields[] = {
    { "type", FIELD_ENUM, FIELD_REQUIRED, .offset = offsetof(struct entry, type),
      .names = &oci_namespace_names },
    { "path", FIELD_STRING, FIELD_ABSOLUTE, .offset = offsetof(struct entry, ns.path) },
};
static const struct field_object entry_object = { .fields = entry_fields,
                                                  .n = ARRAY_LEN(entry_fields),
                                                  .size = sizeof(struct entry),
                                                  .origin = offsetof(struct entry, ns.origin) };

int oci_namespaces_read(const struct field_reader *r, const struct doc *value, void *to,
                        const struct field_at *at)
{
    struct oci_namespace *all = to;
    if (value->type != DOC_ARRAY)
        return field_error(at, NULL, r->err, "must be an array");
    for (size_t i = 0; i < value->n; i++) {
        struct field_at item = { .up = at, .index = i };
        struct entry e = { 0 };
        int ret = fields_read(r, &entry_object, &value->items[i], &e, &item);
        if (ret < 0)
            return ret;
        if (all[e.type].set)
            return field_error(&item, "type", r->err, "duplicate namespace \"%s\"",
                               oci_namespace_name(e.type));
        all[e.type] = e.ns;
        all[e.type].set = true;
    }
    return 0;
}

static void add(json_t *list, const struct oci_namespace *ns, size_t kind, bool *done)
{
    struct entry e = { .type = (enum oci_namespace_kind) kind, .ns = *ns };
    if (!ns->set || *done)
        return;
    json_array_append_new(list, fields_write(&entry_object, &e, ns->origin));
    *done = true;
}

json_t *oci_namespaces_write(const void *from, const struct doc *origin)
{
    const struct oci_namespace *all = from;
    bool done[OCI_NS_KINDS] = { false };
    json_t *list = json_array();
    for (size_t i = 0; origin != NULL && origin->type == DOC_ARRAY && i < origin->n; i++) {
        const struct doc *type = doc_get(&origin->items[i], "type");
        for (size_t kind = 0; type != NULL && type->type == DOC_STRING && kind < OCI_NS_KINDS; kind++)
            if (str_eq(type->s, oci_namespace_name((enum oci_namespace_kind) kind)))
                add(list, &all[kind], kind, &done[kind]);
    }
    for (size_t kind = 0; kind < OCI_NS_KINDS; kind++)
        add(list, &all[kind], kind, &done[kind]);
    if (json_array_size(list) > 0)
        return list;
    json_decref(list);
    return NULL;
}
