// SPDX-License-Identifier: Apache-2.0
/*
 * oci/image.h: the image-spec 1.1 documents (index, manifest, config) and docker's schema 2 forms of them.
 * Tolerant readers: unknown members are ignored; every field that is used is typed and checked. All memory
 * lives in the arena given.
 */
#pragma once

#include "oci/digest.h"
#include "oci/spec.h"

#define MEDIA_INDEX "application/vnd.oci.image.index.v1+json"
#define MEDIA_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_CONFIG "application/vnd.oci.image.config.v1+json"
#define MEDIA_LAYER "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar.gzip"

#define ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"

enum media_kind {
    MEDIA_KIND_UNKNOWN,
    MEDIA_KIND_INDEX,
    MEDIA_KIND_MANIFEST,
    MEDIA_KIND_CONFIG,
    MEDIA_KIND_LAYER
};
enum media_compression { MEDIA_COMPRESSION_NONE, MEDIA_COMPRESSION_GZIP, MEDIA_COMPRESSION_ZSTD };
enum media_kind media_type_kind(const char *media_type,
                                enum media_compression *ret_compression /* may be NULL */);

struct image_descriptor {
    const char *media_type, *digest;         /* digest is valid by digest_valid() */
    int64_t size;                            /* >= 0 */
    const char *os, *architecture, *variant; /* platform, NULL if absent */
    struct oci_pairs annotations;
};
struct image_descriptors {
    struct image_descriptor *v;
    size_t n;
};

struct image_index {
    struct image_descriptors manifests;
    struct oci_pairs annotations;
};
struct image_manifest {
    const char *media_type;
    struct image_descriptor config;
    struct image_descriptors layers;
    struct oci_pairs annotations;
};

struct image_healthcheck {
    bool set;
    struct oci_strings test;
    int64_t interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries;
};
struct image_history {
    const char *created, *created_by, *comment, *author;
    bool empty_layer;
};
struct image_config {
    const char *created, *author, *os, *architecture, *variant;
    const char *user, *working_dir, *stop_signal;
    struct oci_strings env, entrypoint, cmd, exposed_ports, volumes, shell, on_build;
    bool entrypoint_set, cmd_set;
    struct oci_pairs labels;
    struct image_healthcheck healthcheck;
    struct oci_strings diff_ids; /* valid digests, one a layer, lowest first */
    struct image_history *history;
    size_t n_history;
};

int image_index_parse(const char *text, size_t len, struct arena *a, struct image_index *ret,
                      struct error *err) _warn_unused_;
/* A document that has both "manifests" and "layers"/"config" is refused (CVE-2021-41190). */
int image_manifest_parse(const char *text, size_t len, struct arena *a, struct image_manifest *ret,
                         struct error *err) _warn_unused_;
int image_config_parse(const char *text, size_t len, struct arena *a, struct image_config *ret,
                       struct error *err) _warn_unused_;
json_t *image_index_to_json(const struct image_index *index) __attribute__((returns_nonnull));
json_t *image_manifest_to_json(const struct image_manifest *m) __attribute__((returns_nonnull));
json_t *image_config_to_json(const struct image_config *c) __attribute__((returns_nonnull));
