// SPDX-License-Identifier: Apache-2.0
/*
 * The documents of an image, by the same table-driven reader and writer as config.json, with other manners:
 * unknown members are other people's business. What these documents say is hostile, so what is used is typed
 * here (a digest that becomes a file name, a size that becomes a limit) and a document that could be read as
 * a manifest and as an index is refused, whichever was asked for: two readers that take it differently would
 * run different images under one digest (CVE-2021-41190).
 */
#include "oci/image.h"

#include <errno.h>
#include <strings.h>

#include "oci/fields.h"

#define AT(type_, field_) .offset = offsetof(type_, field_)
#define OBJECT(fields_) .fields = (fields_), .n = ARRAY_LEN(fields_)

static const struct {
    const char *type;
    enum media_kind kind;
    enum media_compression compression;
} media_types[] = {
    { MEDIA_INDEX, MEDIA_KIND_INDEX, MEDIA_COMPRESSION_NONE },
    { MEDIA_DOCKER_LIST, MEDIA_KIND_INDEX, MEDIA_COMPRESSION_NONE },
    { MEDIA_MANIFEST, MEDIA_KIND_MANIFEST, MEDIA_COMPRESSION_NONE },
    { MEDIA_DOCKER_MANIFEST, MEDIA_KIND_MANIFEST, MEDIA_COMPRESSION_NONE },
    { MEDIA_CONFIG, MEDIA_KIND_CONFIG, MEDIA_COMPRESSION_NONE },
    { MEDIA_DOCKER_CONFIG, MEDIA_KIND_CONFIG, MEDIA_COMPRESSION_NONE },
    { MEDIA_LAYER, MEDIA_KIND_LAYER, MEDIA_COMPRESSION_NONE },
    { MEDIA_LAYER_GZIP, MEDIA_KIND_LAYER, MEDIA_COMPRESSION_GZIP },
    { MEDIA_LAYER_ZSTD, MEDIA_KIND_LAYER, MEDIA_COMPRESSION_ZSTD },
    { MEDIA_DOCKER_LAYER, MEDIA_KIND_LAYER, MEDIA_COMPRESSION_GZIP },
    { "application/vnd.docker.image.rootfs.diff.tar", MEDIA_KIND_LAYER, MEDIA_COMPRESSION_NONE },
    { "application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_KIND_LAYER, MEDIA_COMPRESSION_ZSTD },
    { "application/vnd.docker.image.rootfs.foreign.diff.tar", MEDIA_KIND_LAYER, MEDIA_COMPRESSION_NONE },
    { "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_KIND_LAYER, MEDIA_COMPRESSION_GZIP },
    { "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_KIND_LAYER, MEDIA_COMPRESSION_NONE },
    { "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_KIND_LAYER,
      MEDIA_COMPRESSION_GZIP },
    { "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_KIND_LAYER,
      MEDIA_COMPRESSION_ZSTD },
};

/* Compared as RFC 9110 compares them: without regard to case, parameters left out ("; charset=utf-8"). */
enum media_kind media_type_kind(const char *media_type, enum media_compression *ret_compression)
{
    size_t n = strcspn(media_type, "; \t");
    for (size_t i = 0; i < ARRAY_LEN(media_types); i++) {
        if (strlen(media_types[i].type) != n || strncasecmp(media_types[i].type, media_type, n) != 0)
            continue;
        if (ret_compression != NULL)
            *ret_compression = media_types[i].compression;
        return media_types[i].kind;
    }
    if (ret_compression != NULL)
        *ret_compression = MEDIA_COMPRESSION_NONE;
    return MEDIA_KIND_UNKNOWN;
}

/* Members that always say the same. */

static int read_schema_version(const struct field_reader *r, const struct doc *value, void *to _unused_,
                               const struct field_at *at)
{
    if (value->type != DOC_INT || value->i != 2)
        return field_error(at, NULL, r->err, "must be 2");
    return 0;
}

static json_t *write_schema_version(const void *from _unused_, const struct doc *origin _unused_)
{
    return json_integer(2);
}

static int read_index_type(const struct field_reader *r, const struct doc *value, void *to _unused_,
                           const struct field_at *at)
{
    if (value->type != DOC_STRING)
        return field_error(at, NULL, r->err, "must be a string");
    if (value->n > 0 && media_type_kind(value->s, NULL) != MEDIA_KIND_INDEX)
        return field_error(at, NULL, r->err, "\"%.200s\" is not an index", value->s);
    return 0;
}

static json_t *write_index_type(const void *from _unused_, const struct doc *origin _unused_)
{
    return json_string(MEDIA_INDEX);
}

static int read_rootfs_type(const struct field_reader *r, const struct doc *value, void *to _unused_,
                            const struct field_at *at)
{
    if (value->type != DOC_STRING || !str_eq(value->s, "layers"))
        return field_error(at, NULL, r->err, "must be \"layers\"");
    return 0;
}

static json_t *write_rootfs_type(const void *from _unused_, const struct doc *origin _unused_)
{
    return json_string("layers");
}

static const struct field_custom schema_version = { read_schema_version, write_schema_version };
static const struct field_custom index_type = { read_index_type, write_index_type };
static const struct field_custom rootfs_type = { read_rootfs_type, write_rootfs_type };

/* Descriptors, index, manifest */

static const struct field platform_fields[] = {
    { "architecture", FIELD_STRING, 0, AT(struct image_descriptor, architecture) },
    { "os", FIELD_STRING, 0, AT(struct image_descriptor, os) },
    { "variant", FIELD_STRING, 0, AT(struct image_descriptor, variant) },
};
static const struct field_object platform = { OBJECT(platform_fields) };

static const struct field descriptor_fields[] = {
    { "mediaType", FIELD_STRING, FIELD_REQUIRED, AT(struct image_descriptor, media_type) },
    { "digest", FIELD_STRING, FIELD_REQUIRED | FIELD_DIGEST, AT(struct image_descriptor, digest) },
    { "size", FIELD_I64, FIELD_REQUIRED, AT(struct image_descriptor, size), .min = 0, .max = INT64_MAX },
    { "platform", FIELD_OBJECT, 0, .object = &platform },
    { "annotations", FIELD_PAIRS, 0, AT(struct image_descriptor, annotations) },
};
static const struct field_object descriptor = { OBJECT(descriptor_fields),
                                                .size = sizeof(struct image_descriptor) };

static const struct field index_fields[] = {
    { "schemaVersion", FIELD_CUSTOM, FIELD_REQUIRED, .custom = &schema_version },
    { "mediaType", FIELD_CUSTOM, 0, .custom = &index_type },
    { "manifests", FIELD_LIST, FIELD_REQUIRED, AT(struct image_index, manifests), .object = &descriptor },
    { "annotations", FIELD_PAIRS, 0, AT(struct image_index, annotations) },
};
static const struct field_object index_object = { OBJECT(index_fields) };

static int check_manifest(const void *obj, const struct field_at *at, struct error *err)
{
    const struct image_manifest *m = obj;
    if (m->media_type != NULL && media_type_kind(m->media_type, NULL) != MEDIA_KIND_MANIFEST)
        return field_error(at, "mediaType", err, "\"%.200s\" is not an image manifest", m->media_type);
    return 0;
}

static const struct field manifest_fields[] = {
    { "schemaVersion", FIELD_CUSTOM, FIELD_REQUIRED, .custom = &schema_version },
    { "mediaType", FIELD_STRING, 0, AT(struct image_manifest, media_type) },
    { "config", FIELD_OBJECT, FIELD_REQUIRED, AT(struct image_manifest, config), .object = &descriptor },
    { "layers", FIELD_LIST, FIELD_REQUIRED, AT(struct image_manifest, layers), .object = &descriptor },
    { "annotations", FIELD_PAIRS, 0, AT(struct image_manifest, annotations) },
};
static const struct field_object manifest_object = { OBJECT(manifest_fields), .check = check_manifest };

/* The image's configuration; the names in `config` are docker's */

#define DURATION .min = 0, .max = INT64_MAX
static const struct field healthcheck_fields[] = {
    { "Test", FIELD_STRINGS, 0, AT(struct image_healthcheck, test) },
    { "Interval", FIELD_I64, 0, AT(struct image_healthcheck, interval_ns), DURATION },
    { "Timeout", FIELD_I64, 0, AT(struct image_healthcheck, timeout_ns), DURATION },
    { "StartPeriod", FIELD_I64, 0, AT(struct image_healthcheck, start_period_ns), DURATION },
    { "StartInterval", FIELD_I64, 0, AT(struct image_healthcheck, start_interval_ns), DURATION },
    { "Retries", FIELD_I64, 0, AT(struct image_healthcheck, retries), DURATION },
};
static const struct field_object healthcheck = { OBJECT(healthcheck_fields) };

static const struct field container_fields[] = {
    { "User", FIELD_STRING, 0, AT(struct image_config, user) },
    { "ExposedPorts", FIELD_KEYS, 0, AT(struct image_config, exposed_ports) },
    { "Env", FIELD_STRINGS, 0, AT(struct image_config, env) },
    { "Entrypoint", FIELD_STRINGS, FIELD_ONE, AT(struct image_config, entrypoint),
      .set = offsetof(struct image_config, entrypoint_set) },
    { "Cmd", FIELD_STRINGS, FIELD_ONE, AT(struct image_config, cmd),
      .set = offsetof(struct image_config, cmd_set) },
    { "Volumes", FIELD_KEYS, 0, AT(struct image_config, volumes) },
    { "WorkingDir", FIELD_STRING, 0, AT(struct image_config, working_dir) },
    { "Labels", FIELD_PAIRS, 0, AT(struct image_config, labels) },
    { "StopSignal", FIELD_STRING, 0, AT(struct image_config, stop_signal) },
    { "Healthcheck", FIELD_OBJECT, 0, AT(struct image_config, healthcheck),
      .set = offsetof(struct image_config, healthcheck.set), .object = &healthcheck },
    { "Shell", FIELD_STRINGS, FIELD_ONE, AT(struct image_config, shell) },
    { "OnBuild", FIELD_STRINGS, 0, AT(struct image_config, on_build) },
};
static const struct field_object container = { OBJECT(container_fields) };

static const struct field rootfs_fields[] = {
    { "type", FIELD_CUSTOM, 0, .custom = &rootfs_type },
    { "diff_ids", FIELD_STRINGS, FIELD_REQUIRED | FIELD_DIGEST, AT(struct image_config, diff_ids) },
};
static const struct field_object rootfs = { OBJECT(rootfs_fields) };

static const struct field history_fields[] = {
    { "created", FIELD_STRING, 0, AT(struct image_history, created) },
    { "created_by", FIELD_STRING, 0, AT(struct image_history, created_by) },
    { "author", FIELD_STRING, 0, AT(struct image_history, author) },
    { "comment", FIELD_STRING, 0, AT(struct image_history, comment) },
    { "empty_layer", FIELD_BOOL, 0, AT(struct image_history, empty_layer) },
};
static const struct field_object history = { OBJECT(history_fields), .size = sizeof(struct image_history) };

static const struct field config_fields[] = {
    { "created", FIELD_STRING, 0, AT(struct image_config, created) },
    { "author", FIELD_STRING, 0, AT(struct image_config, author) },
    { "architecture", FIELD_STRING, 0, AT(struct image_config, architecture) },
    { "variant", FIELD_STRING, 0, AT(struct image_config, variant) },
    { "os", FIELD_STRING, 0, AT(struct image_config, os) },
    { "config", FIELD_OBJECT, 0, .object = &container },
    { "rootfs", FIELD_OBJECT, FIELD_REQUIRED, .object = &rootfs },
    { "history", FIELD_LIST, 0, AT(struct image_config, history), .object = &history },
};
static const struct field_object config_object = { OBJECT(config_fields) };

/* What the document as a whole must not be. */
static int check_shape(const struct doc *d, const char *name, struct error *err)
{
    const struct doc *version = doc_get(d, "schemaVersion");
    if ((version != NULL && version->type == DOC_INT && version->i == 1) || doc_get(d, "fsLayers") != NULL)
        return error_set(err, -EINVAL,
                         "%s: docker's schema 1 is not supported (its images have no verifiable layers); "
                         "the image must be pushed again in schema 2 or OCI format",
                         name);
    bool layers = doc_get(d, "layers") != NULL;
    if (doc_get(d, "manifests") != NULL && (layers || doc_get(d, "config") != NULL))
        return error_set(err, -EINVAL,
                         "%s: has both \"manifests\" and \"%s\", so it is neither an index nor a manifest",
                         name, layers ? "layers" : "config");
    return 0;
}

static int parse(const char *text, size_t len, const char *name, const struct field_object *object,
                 bool shape, struct arena *a, void *to, struct error *err)
{
    const struct doc *d;
    struct field_reader reader = { .arena = a, .err = err };
    struct field_at at = { .key = name, .raw = true };
    int r = doc_parse(text, len, name, a, &d, err);
    if (r == 0 && shape)
        r = check_shape(d, name, err);
    return r < 0 ? r : fields_read(&reader, object, d, to, &at);
}

int image_index_parse(const char *text, size_t len, struct arena *a, struct image_index *ret,
                      struct error *err)
{
    struct image_index index = { 0 };
    int r = parse(text, len, "index", &index_object, true, a, &index, err);
    if (r == 0)
        *ret = index;
    return r;
}

int image_manifest_parse(const char *text, size_t len, struct arena *a, struct image_manifest *ret,
                         struct error *err)
{
    struct image_manifest m = { 0 };
    int r = parse(text, len, "manifest", &manifest_object, true, a, &m, err);
    if (r == 0)
        *ret = m;
    return r;
}

int image_config_parse(const char *text, size_t len, struct arena *a, struct image_config *ret,
                       struct error *err)
{
    struct image_config c = { 0 };
    int r = parse(text, len, "image config", &config_object, false, a, &c, err);
    if (r == 0)
        *ret = c;
    return r;
}

json_t *image_index_to_json(const struct image_index *index)
{
    return fields_write(&index_object, index, NULL);
}

json_t *image_manifest_to_json(const struct image_manifest *m)
{
    return fields_write(&manifest_object, m, NULL);
}

json_t *image_config_to_json(const struct image_config *c)
{
    return fields_write(&config_object, c, NULL);
}
