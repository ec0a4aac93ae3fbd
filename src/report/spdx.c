// SPDX-License-Identifier: Apache-2.0
/* SPDX 2.3 (spdx.github.io/spdx-spec/v2.3): a package for the image, one for each component, and what contains what. */
#include "report/sbom.h"

static void set(json_t *o, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(o, key, json_string(value));
}

static json_t *package(const char *id, const char *name, const char *version)
{
    json_t *o = json_object();
    set(o, "SPDXID", id);
    set(o, "name", name);
    set(o, "versionInfo", version);
    set(o, "downloadLocation", "NOASSERTION");
    json_object_set_new(o, "filesAnalyzed", json_false());
    set(o, "licenseConcluded", "NOASSERTION");
    set(o, "licenseDeclared", "NOASSERTION");
    set(o, "copyrightText", "NOASSERTION");
    return o;
}

static void relate(json_t *list, const char *from, const char *how, const char *to)
{
    json_t *o = json_object();
    set(o, "spdxElementId", from);
    set(o, "relationshipType", how);
    set(o, "relatedSpdxElement", to);
    json_array_append_new(list, o);
}

static json_t *creation(const struct sbom *s)
{
    json_t *o = json_object(), *creators = json_array();
    _cleanup_free_ char *tool = xasprintf("Tool: oakum-%s", s->tool_version);
    set(o, "created", s->created);
    json_array_append_new(creators, json_string(tool));
    json_object_set_new(o, "creators", creators);
    if (s->incomplete)
        set(o, "comment", "Incomplete: something in it could not be read or named.");
    return o;
}

static void add_component(json_t *packages, json_t *relations, const struct sbom_component *c, size_t i)
{
    char id[48];
    if (str_format(id, sizeof(id), "SPDXRef-Package-%zu", i) < 0)
        return;
    json_t *o = package(id, c->name, c->version), *refs = json_array(), *ref = json_object();
    _cleanup_free_ char *from = xasprintf("found in %s%s%s", c->path, c->layer != NULL ? " of layer " : "",
                                          c->layer != NULL ? c->layer : "");
    set(o, "sourceInfo", from);
    set(ref, "referenceCategory", "PACKAGE-MANAGER");
    set(ref, "referenceType", "purl");
    set(ref, "referenceLocator", c->purl);
    json_array_append_new(refs, ref);
    json_object_set_new(o, "externalRefs", refs);
    json_array_append_new(packages, o);
    relate(relations, "SPDXRef-Image", "CONTAINS", id);
}

json_t *sbom_spdx(const struct sbom *s)
{
    json_t *j = json_object(), *packages = json_array(), *relations = json_array();
    /* A URI that is this document's alone: no place to look. */
    _cleanup_strbuf_ struct strbuf where = STRBUF_INIT;
    strbuf_adds(&where, "urn:oakum:sbom:");
    for (const char *p = s->digest != NULL ? s->digest : s->name; *p != '\0'; p++)
        strbuf_addc(&where, strchr("/ %\"<>\\^`{|}", *p) != NULL ? '-' : *p);
    set(j, "spdxVersion", "SPDX-2.3");
    set(j, "dataLicense", "CC0-1.0");
    set(j, "SPDXID", "SPDXRef-DOCUMENT");
    set(j, "name", s->name);
    set(j, "documentNamespace", where.buf);
    json_object_set_new(j, "creationInfo", creation(s));
    json_t *image = package("SPDXRef-Image", s->name, s->digest);
    set(image, "primaryPackagePurpose", "CONTAINER");
    json_array_append_new(packages, image);
    relate(relations, "SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-Image");
    for (size_t i = 0; i < s->n; i++)
        add_component(packages, relations, &s->v[i], i);
    json_object_set_new(j, "packages", packages);
    json_object_set_new(j, "relationships", relations);
    return j;
}
