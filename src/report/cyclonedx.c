// SPDX-License-Identifier: Apache-2.0
/* CycloneDX 1.6 (cyclonedx.org/docs/1.6/json): components with purls; unknown files as components of type file; "compositions" says whether it is all. */
#include "report/sbom.h"

static void set(json_t *o, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(o, key, json_string(value));
}

static void add_property(json_t *list, const char *name, const char *value)
{
    json_t *o = json_object();
    if (value != NULL) {
        set(o, "name", name);
        set(o, "value", value);
        json_array_append(list, o);
    }
    json_decref(o);
}

static json_t *metadata(const struct sbom *s)
{
    json_t *m = json_object(), *subject = json_object(), *tool = json_object(), *tools = json_object(),
           *list = json_array();
    set(tool, "type", "application");
    set(tool, "name", "oakum");
    set(tool, "version", s->tool_version);
    json_array_append_new(list, tool);
    json_object_set_new(tools, "components", list);
    json_object_set_new(m, "tools", tools);
    set(subject, "type", s->digest != NULL ? "container" : "file");
    set(subject, "bom-ref", "subject");
    set(subject, "name", s->name);
    set(subject, "version", s->digest);
    json_object_set_new(m, "component", subject);
    return m;
}

static json_t *component(const struct sbom_component *c, size_t i)
{
    json_t *o = json_object(), *properties = json_array();
    char ref[32];
    set(o, "type", "library");
    if (str_format(ref, sizeof(ref), "c%zu", i) > 0)
        set(o, "bom-ref", ref);
    set(o, "name", c->name);
    set(o, "version", c->version);
    set(o, "purl", c->purl);
    add_property(properties, "oakum:path", c->path);
    add_property(properties, "oakum:layer", c->layer);
    json_object_set_new(o, "properties", properties);
    return o;
}

static json_t *unknown_file(const struct sbom_unknown *u)
{
    json_t *o = json_object(), *properties = json_array();
    set(o, "type", "file");
    set(o, "name", u->path);
    add_property(properties, "oakum:unknown", u->reason);
    add_property(properties, "oakum:layer", u->layer);
    json_object_set_new(o, "properties", properties);
    return o;
}

json_t *sbom_cyclonedx(const struct sbom *s)
{
    json_t *j = json_object(), *components = json_array(), *compositions = json_array(), *all = json_object(),
           *of = json_array();
    set(j, "bomFormat", "CycloneDX");
    set(j, "specVersion", "1.6");
    json_object_set_new(j, "version", json_integer(1));
    json_object_set_new(j, "metadata", metadata(s));
    if (s->os_id != NULL) {
        json_t *os = json_object();
        set(os, "type", "operating-system");
        set(os, "bom-ref", "os");
        set(os, "name", s->os_id);
        set(os, "version", s->os_version);
        json_array_append_new(components, os);
    }
    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(components, component(&s->v[i], i));
    for (size_t i = 0; i < s->n_unknown; i++)
        json_array_append_new(components, unknown_file(&s->unknown[i]));
    json_object_set_new(j, "components", components);
    set(all, "aggregate", s->incomplete ? "incomplete" : "unknown");
    json_array_append_new(of, json_string("subject"));
    json_object_set_new(all, "assemblies", of);
    json_array_append_new(compositions, all);
    json_object_set_new(j, "compositions", compositions);
    return j;
}
