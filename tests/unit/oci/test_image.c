// SPDX-License-Identifier: Apache-2.0
/* Index, manifest and configuration of an image: OCI's and docker's forms, what is refused, and what is written. */
#include "oci_test.h"

#include "oci/image.h"

#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define D "sha256:" H
#define LAYER "{'mediaType': '" MEDIA_LAYER_GZIP "', 'digest': '" D "', 'size': 7}"
#define CONFIG "'config': {'mediaType': '" MEDIA_CONFIG "', 'digest': '" D "', 'size': 5}"

static void assert_refused(int (*parse)(const char *, size_t, struct arena *, struct error *),
                           const char *text, const char *message)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_free_ char *json = quoted(text);
    struct error err = { 0 };
    if (parse(json, strlen(json), a, &err) != -EINVAL)
        fail_msg("accepted: %s", json);
    for (char *p = err.msg; *p != '\0'; p++)
        *p = *p == '"' ? '\'' : *p;
    assert_string_equal(err.msg, message);
}

static int index_only(const char *text, size_t len, struct arena *a, struct error *err)
{
    struct image_index i;
    return image_index_parse(text, len, a, &i, err);
}

static int manifest_only(const char *text, size_t len, struct arena *a, struct error *err)
{
    struct image_manifest m;
    return image_manifest_parse(text, len, a, &m, err);
}

static int config_only(const char *text, size_t len, struct arena *a, struct error *err)
{
    struct image_config c;
    return image_config_parse(text, len, a, &c, err);
}

static void test_media_types(void **state _unused_)
{
    static const struct {
        const char *type;
        enum media_kind kind;
        enum media_compression compression;
    } types[] = {
        { MEDIA_INDEX, MEDIA_KIND_INDEX, MEDIA_COMPRESSION_NONE },
        { MEDIA_DOCKER_LIST, MEDIA_KIND_INDEX, MEDIA_COMPRESSION_NONE },
        { MEDIA_MANIFEST "; charset=utf-8", MEDIA_KIND_MANIFEST, MEDIA_COMPRESSION_NONE },
        { MEDIA_DOCKER_CONFIG, MEDIA_KIND_CONFIG, MEDIA_COMPRESSION_NONE },
        { "Application/vnd.OCI.image.layer.v1.tar+ZSTD", MEDIA_KIND_LAYER, MEDIA_COMPRESSION_ZSTD },
        { MEDIA_DOCKER_LAYER, MEDIA_KIND_LAYER, MEDIA_COMPRESSION_GZIP },
        { MEDIA_LAYER, MEDIA_KIND_LAYER, MEDIA_COMPRESSION_NONE },
        { "application/vnd.oci.image.layer.v1.tar+bzip2", MEDIA_KIND_UNKNOWN, MEDIA_COMPRESSION_NONE },
        { "", MEDIA_KIND_UNKNOWN, MEDIA_COMPRESSION_NONE },
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        enum media_compression c = MEDIA_COMPRESSION_GZIP;
        assert_int_equal(media_type_kind(types[i].type, &c), types[i].kind);
        assert_int_equal(c, types[i].compression);
        assert_int_equal(media_type_kind(types[i].type, NULL), types[i].kind);
    }
}

static void test_index(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_index index;
    struct error err = { 0 };
    _cleanup_free_ char *text = quoted(
        "{'schemaVersion': 2, 'mediaType': '" MEDIA_INDEX
        "', 'x': {}, 'manifests': [{'mediaType': '" MEDIA_MANIFEST "', 'digest': '" D
        "', 'size': 0, 'platform': {'architecture': 'arm64', 'os': 'linux', 'variant': 'v8', 'os.version': '1'}, 'annotations': "
        "{'" ANNOTATION_REF_NAME "': 'a:1'}, 'urls': []}, {'mediaType': 'x/y', 'digest': '" D
        "', 'size': 9223372036854775807}]}");
    assert_int_equal(image_index_parse(text, strlen(text), a, &index, &err), 0);
    memset(text, 'x', strlen(text)); /* nothing points into the text */
    assert_int_equal(index.manifests.n, 2);
    assert_string_equal(index.manifests.v[0].architecture, "arm64");
    assert_string_equal(index.manifests.v[0].variant, "v8");
    assert_string_equal(oci_pairs_get(&index.manifests.v[0].annotations, ANNOTATION_REF_NAME), "a:1");
    assert_null(index.manifests.v[1].os);
    assert_true(index.manifests.v[1].size == INT64_MAX);

    _cleanup_json_ json_t *written = image_index_to_json(&index);
    _cleanup_free_ char *again = json_text(written, 0);
    assert_int_equal(image_index_parse(again, strlen(again), a, &index, &err), 0);
    assert_string_equal(index.manifests.v[0].digest, D);
    assert_int_equal(json_integer_value(json_object_get(written, "schemaVersion")), 2);
    assert_string_equal(json_string_value(json_object_get(written, "mediaType")), MEDIA_INDEX);
    assert_null(json_object_get(written, "annotations"));

    _cleanup_json_ json_t *empty = image_index_to_json(&(struct image_index){ 0 });
    assert_int_equal(json_array_size(json_object_get(empty, "manifests")), 0);
    assert_true(json_is_array(json_object_get(empty, "manifests")));
}

static void test_index_refused(void **state _unused_)
{
    assert_refused(index_only, "{'schemaVersion': 2}", "index.manifests: is required");
    assert_refused(index_only, "{'manifests': []}", "index.schemaVersion: is required");
    assert_refused(index_only, "{'schemaVersion': 3, 'manifests': []}", "index.schemaVersion: must be 2");
    assert_refused(index_only, "{'schemaVersion': 2, 'mediaType': '" MEDIA_MANIFEST "', 'manifests': []}",
                   "index.mediaType: '" MEDIA_MANIFEST "' is not an index");
    assert_refused(
        index_only,
        "{'schemaVersion': 2, 'manifests': [{'mediaType': 'x', 'digest': 'sha256:../x', 'size': 1}]}",
        "index.manifests[0].digest: 'sha256:../x' is not a valid digest (sha256 or sha512)");
    assert_refused(index_only,
                   "{'schemaVersion': 2, 'manifests': [{'mediaType': 'x', 'digest': '" D "', 'size': -1}]}",
                   "index.manifests[0].size: -1 is out of range (0..9223372036854775807)");
    assert_refused(index_only, "{'schemaVersion': 2, 'manifests': [{'mediaType': 'x', 'digest': '" D "'}]}",
                   "index.manifests[0].size: is required");
    assert_refused(index_only, "{'schemaVersion': 2, 'manifests': [], 'layers': []}",
                   "index: has both 'manifests' and 'layers', so it is neither an index nor a manifest");
    assert_refused(index_only, "{'schemaVersion': 2, 'manifests': [], 'config': {}}",
                   "index: has both 'manifests' and 'config', so it is neither an index nor a manifest");
    assert_refused(index_only, "[]", "index: must be an object");
    assert_refused(index_only, "{'a': 1, 'a': 2}", "index: duplicate key 'a' (line 1, column 10)");
}

static void test_manifest(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_manifest m;
    struct error err = { 0 };
    _cleanup_free_ char *oci = quoted("{'schemaVersion': 2, " CONFIG ", 'layers': [" LAYER ", " LAYER
                                      "], 'annotations': {'a': 'b'}}");
    assert_int_equal(image_manifest_parse(oci, strlen(oci), a, &m, &err), 0);
    assert_null(m.media_type);
    assert_int_equal(m.config.size, 5);
    assert_int_equal(m.layers.n, 2);
    assert_string_equal(m.layers.v[1].media_type, MEDIA_LAYER_GZIP);
    _cleanup_json_ json_t *want = json_of(oci), *written = image_manifest_to_json(&m);
    assert_true(json_equal(want, written));

    _cleanup_free_ char *docker = quoted("{'schemaVersion': 2, 'mediaType': '" MEDIA_DOCKER_MANIFEST
                                         "', 'config': {'mediaType': '" MEDIA_DOCKER_CONFIG "', 'digest': '" D
                                         "', 'size': 5}, 'layers': []}");
    assert_int_equal(image_manifest_parse(docker, strlen(docker), a, &m, &err), 0);
    assert_string_equal(m.media_type, MEDIA_DOCKER_MANIFEST);
    assert_int_equal(m.layers.n, 0);
}

static void test_manifest_refused(void **state _unused_)
{
    assert_refused(manifest_only, "{'schemaVersion': 2, 'layers': []}", "manifest.config: is required");
    assert_refused(manifest_only, "{'schemaVersion': 2, " CONFIG "}", "manifest.layers: is required");
    assert_refused(manifest_only, "{'schemaVersion': 2, " CONFIG ", 'layers': [" LAYER ", 5]}",
                   "manifest.layers[1]: must be an object");
    assert_refused(manifest_only,
                   "{'schemaVersion': 2, 'mediaType': '" MEDIA_DOCKER_LIST "', " CONFIG ", 'layers': []}",
                   "manifest.mediaType: '" MEDIA_DOCKER_LIST "' is not an image manifest");
    assert_refused(manifest_only, "{'schemaVersion': 2, " CONFIG ", 'layers': [], 'manifests': []}",
                   "manifest: has both 'manifests' and 'layers', so it is neither an index nor a manifest");
    assert_refused(manifest_only, "{'schemaVersion': 1, 'name': 'a', 'fsLayers': []}",
                   "manifest: docker's schema 1 is not supported (its images have no verifiable layers); "
                   "the image must be pushed again in schema 2 or OCI format");
}

static void assert_list(const struct oci_strings *l, const char *joined)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
    for (size_t i = 0; i < l->n; i++)
        strbuf_addf(&sb, "%s%s", i > 0 ? "|" : "", l->v[i]);
    assert_string_equal(sb.buf, joined);
}

static void test_config(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_config c;
    struct error err = { 0 };
    _cleanup_free_ char *text = quoted(
        "{'created': '2024-01-02T03:04:05Z', 'author': 'A', 'architecture': 'amd64', 'os': 'linux', 'config': {'User': 'u:g', "
        "'ExposedPorts': {'80/tcp': {}, '53/udp': {}}, 'Env': ['A=b', 'C='], 'Entrypoint': ['/bin/x'], 'Cmd': ['-a', 'b'], 'Volumes': "
        "{'/data': {}}, 'WorkingDir': '/w', 'Labels': {'l': 'v'}, 'StopSignal': 'SIGINT', 'Healthcheck': {'Test': ['CMD', 'ok'], "
        "'Interval': 30000000000, 'Retries': 3, 'StartInterval': 5}, 'Shell': ['/bin/sh', '-c']}, 'rootfs': {'type': 'layers', "
        "'diff_ids': ['" D
        "']}, 'history': [{'created_by': 'ADD x', 'created': 't', 'comment': 'c', 'author': 'me'}, {'empty_layer': "
        "true}]}");
    assert_int_equal(image_config_parse(text, strlen(text), a, &c, &err), 0);
    assert_string_equal(c.created, "2024-01-02T03:04:05Z");
    assert_string_equal(c.user, "u:g");
    assert_list(&c.exposed_ports, "80/tcp|53/udp");
    assert_list(&c.env, "A=b|C=");
    assert_list(&c.entrypoint, "/bin/x");
    assert_list(&c.cmd, "-a|b");
    assert_list(&c.volumes, "/data");
    assert_list(&c.shell, "/bin/sh|-c");
    assert_list(&c.diff_ids, D);
    assert_true(c.entrypoint_set && c.cmd_set && c.healthcheck.set);
    assert_string_equal(oci_pairs_get(&c.labels, "l"), "v");
    assert_true(c.healthcheck.interval_ns == 30000000000);
    assert_int_equal(c.healthcheck.retries, 3);
    assert_list(&c.healthcheck.test, "CMD|ok");
    assert_int_equal(c.n_history, 2);
    assert_string_equal(c.history[0].created_by, "ADD x");
    assert_true(c.history[1].empty_layer);
    _cleanup_json_ json_t *want = json_of(text), *written = image_config_to_json(&c);
    assert_true(json_equal(want, written));
}

/* As docker has written them over the years: nulls, empty strings, a command that is no list, members of its own. */
static void test_docker_config(void **state _unused_)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct image_config c;
    struct error err = { 0 };
    _cleanup_free_ char *text = quoted(
        "{'architecture': 'amd64', 'os': 'linux', 'docker_version': '1.13', 'container': 'abc', 'container_config': {'Cmd': 5}, 'config': "
        "{'Hostname': '', 'AttachStdin': false, 'User': '', 'ExposedPorts': null, 'Env': null, 'Cmd': null, 'Entrypoint': [], 'Volumes': "
        "null, 'Labels': null, 'OnBuild': [], 'WorkingDir': '', 'Shell': '/bin/sh', 'Healthcheck': null, 'ArgsEscaped': true}, "
        "'rootfs': {'type': 'layers', 'diff_ids': []}, 'history': null}");
    assert_int_equal(image_config_parse(text, strlen(text), a, &c, &err), 0);
    assert_null(c.user);
    assert_true(c.entrypoint_set);
    assert_false(c.cmd_set);
    assert_false(c.healthcheck.set);
    assert_int_equal(c.entrypoint.n + c.env.n + c.labels.n + c.n_history, 0);
    assert_list(&c.shell, "/bin/sh");
    _cleanup_json_ json_t *written = image_config_to_json(&c);
    _cleanup_free_ char *out = json_text(written, 0);
    assert_string_equal(
        out,
        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[],\"Shell\":[\"/bin/sh\"]},"
        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}");
}

static void test_config_refused(void **state _unused_)
{
    assert_refused(config_only, "{}", "image config.rootfs: is required");
    assert_refused(config_only, "{'rootfs': {}}", "image config.rootfs.diff_ids: is required");
    assert_refused(config_only, "{'rootfs': {'type': 'squash', 'diff_ids': []}}",
                   "image config.rootfs.type: must be 'layers'");
    assert_refused(config_only, "{'rootfs': {'diff_ids': ['" D "', '" H "']}}",
                   "image config.rootfs.diff_ids[1]: '" H "' is not a valid digest (sha256 or sha512)");
#define ROOTFS "'rootfs': {'diff_ids': []}"
    assert_refused(config_only, "{" ROOTFS ", 'config': {'Env': 'A=b'}}",
                   "image config.config.Env: must be an array");
    assert_refused(config_only, "{" ROOTFS ", 'config': {'Labels': {'a': 1}}}",
                   "image config.config.Labels.a: must be a string");
    assert_refused(config_only, "{" ROOTFS ", 'config': {'Volumes': ['/x']}}",
                   "image config.config.Volumes: must be an object");
    assert_refused(config_only, "{" ROOTFS ", 'config': {'Cmd': [1]}}",
                   "image config.config.Cmd[0]: must be a string");
    assert_refused(config_only, "{" ROOTFS ", 'config': {'Healthcheck': {'Interval': -1}}}",
                   "image config.config.Healthcheck.Interval: -1 is out of range (0..9223372036854775807)");
    assert_refused(config_only, "{" ROOTFS ", 'history': [{'empty_layer': 'yes'}]}",
                   "image config.history[0].empty_layer: must be true or false");
    assert_refused(config_only, "{" ROOTFS ", 'os': 7}", "image config.os: must be a string");
    assert_refused(config_only, "{" ROOTFS,
                   "image config: rootfs: '}' expected near end of file (line 1, column 28)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media_types),      cmocka_unit_test(test_index),
        cmocka_unit_test(test_index_refused),    cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_manifest_refused), cmocka_unit_test(test_config),
        cmocka_unit_test(test_docker_config),    cmocka_unit_test(test_config_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
