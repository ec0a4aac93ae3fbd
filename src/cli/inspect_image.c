// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_image.h"

#include "cli/image_names.h"
#include "image/store.h"
#include "oci/reference.h"

/* Of the image's own document; empty where it does not say. */
static void copy_text(json_t *to, const char *key, const json_t *document, const char *field)
{
    json_t *v = json_object_get(document, field);
    json_object_set_new(to, key, json_is_string(v) ? json_incref(v) : json_string(""));
}

static void append_once(json_t *list, const char *text)
{
    json_t *v;
    size_t i;
    json_array_foreach(list, i, v) if (str_eq(json_string_value(v), text)) return;
    json_array_append_new(list, json_string(text));
}

/* All names that the image has in this store; a digest is known under the names that it was pulled by. */
static int add_names(struct store *s, const struct store_image *image, json_t *o, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    json_t *tags = json_array(), *digests = json_array();
    struct store_summary *v;
    struct reference ref;
    char text[700];
    size_t n;
    int r = store_summaries(s, a, &v, &n, err);
    for (size_t i = 0; r == 0 && i < n; i++)
        if (str_eq(v[i].id, image->id) && v[i].name != NULL) {
            shown_reference(v[i].name, text, sizeof(text));
            append_once(tags, text);
        }
    if (r == 0 && image->source_name != NULL && image->source_digest != NULL &&
        reference_parse(image->source_name, &ref, NULL) == 0) {
        reference_familiar_name(&ref, text, sizeof(text));
        append_once(digests, arena_printf(a, "%s@%s", text, image->source_digest));
    }
    json_object_set_new(o, "RepoTags", tags);
    json_object_set_new(o, "RepoDigests", digests);
    return r;
}

/* docker has these fields always, and templates ask for them. */
static json_t *config_json(const json_t *document)
{
    static const char *const texts[] = { "User", "WorkingDir" };
    static const char *const lists[] = { "Env", "Cmd", "Entrypoint", "OnBuild", "Labels", "Volumes" };
    json_t *own = json_object_get(document, "config"),
           *config = json_is_object(own) ? json_copy(own) : json_object();
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (json_object_get(config, texts[i]) == NULL)
            json_object_set_new(config, texts[i], json_string(""));
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (json_object_get(config, lists[i]) == NULL)
            json_object_set_new(config, lists[i], json_null());
    return config;
}

/* The image's own, else that of its last step. */
static json_t *comment_json(const json_t *document)
{
    json_t *own = json_object_get(document, "comment"), *history = json_object_get(document, "history");
    if (!json_is_string(own) || json_string_length(own) == 0)
        own = json_object_get(json_array_get(history, json_array_size(history) - 1), "comment");
    return json_is_string(own) ? json_incref(own) : json_string("");
}

/* Where its layers lie, as the driver overlay2 would say it: the top one, and those below it, the highest first. */
static json_t *driver_json(struct store *s, const struct store_image *image)
{
    _cleanup_strbuf_ struct strbuf lower = STRBUF_INIT;
    const char **layers = NULL;
    json_t *data = json_null();
    size_t n = 0;
    if (store_layers(s, image, &layers, &n, NULL) == 0 && n > 0) {
        data = json_object();
        for (size_t i = n - 1; i-- > 0;)
            strbuf_addf(&lower, "%s%s", lower.len > 0 ? ":" : "", layers[i]);
        if (n > 1)
            json_object_set_new(data, "LowerDir", json_string(lower.buf));
        json_object_set_new(data, "UpperDir", json_string(layers[n - 1]));
    }
    free(layers);
    return json_pack("{so, ss}", "Data", data, "Name", "overlay2");
}

static int image_json(struct store *s, const struct store_image *i, json_t **ret, struct error *err)
{
    _cleanup_json_ json_t *o = json_object(), *document = NULL, *layers = json_array();
    char name[700] = "";
    int r = json_parse(i->config_text, strlen(i->config_text), "config", &document, err);
    if (r < 0)
        return r;
    if (i->name != NULL)
        shown_reference(i->name, name, sizeof(name));
    json_object_set_new(o, "Id", json_sprintf("sha256:%s", i->id));
    json_object_set_new(o, "Name", json_string(name));
    r = add_names(s, i, o, err);
    json_object_set_new(o, "Digest", json_string(i->manifest_digest));
    copy_text(o, "Created", document, "created");
    copy_text(o, "Author", document, "author");
    json_object_set_new(o, "Comment", comment_json(document));
    json_object_set_new(o, "Config", config_json(document));
    copy_text(o, "DockerVersion", document, "docker_version");
    json_object_set_new(o, "GraphDriver", driver_json(s, i));
    /* When it was named is not recorded: docker's zero. */
    json_object_set_new(o, "Metadata", json_pack("{ss}", "LastTagTime", "0001-01-01T00:00:00Z"));
    json_object_set_new(o, "Parent", json_string(""));
    copy_text(o, "Architecture", document, "architecture");
    copy_text(o, "Variant", document, "variant");
    copy_text(o, "Os", document, "os");
    json_object_set_new(o, "Size", json_integer(i->size));
    json_object_set_new(o, "VirtualSize", json_integer(i->size));
    for (size_t k = 0; k < i->config.diff_ids.n; k++)
        json_array_append_new(layers, json_string(i->config.diff_ids.v[k]));
    json_object_set_new(o, "RootFS", json_pack("{ss, sO}", "Type", "layers", "Layers", layers));
    json_object_set(o, "Layers", layers);
    *ret = r == 0 ? json_incref(o) : NULL;
    return r;
}

int inspect_image(const char *root, const char *name, json_t *list, struct error *err)
{
    _cleanup_store_ struct store *s = NULL;
    _cleanup_store_image_ struct store_image *image = NULL;
    json_t *o = NULL;
    int r = store_open(root, false, &s, err);
    if (r == 0)
        r = store_find(s, name, &image, err);
    if (r < 0 || image == NULL)
        return r;
    r = image_json(s, image, &o, err);
    if (r == 0)
        json_array_append_new(list, o);
    return r;
}
