// SPDX-License-Identifier: Apache-2.0
/* The documents of an image: what is accepted as one kind is written so that it is read again as the same. */
#include "fuzz.h"

#include "oci/bigint.h"
#include "oci/image.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    return 0;
}

static bool as_index(const char *text, size_t len, struct arena *a, json_t **ret)
{
    struct image_index index;
    if (image_index_parse(text, len, a, &index, NULL) < 0)
        return false;
    *ret = image_index_to_json(&index);
    return true;
}

static bool as_manifest(const char *text, size_t len, struct arena *a, json_t **ret)
{
    struct image_manifest m;
    if (image_manifest_parse(text, len, a, &m, NULL) < 0)
        return false;
    for (size_t i = 0; i < m.layers.n; i++)
        media_type_kind(m.layers.v[i].media_type, NULL);
    *ret = image_manifest_to_json(&m);
    return true;
}

static bool as_config(const char *text, size_t len, struct arena *a, json_t **ret)
{
    struct image_config c;
    if (image_config_parse(text, len, a, &c, NULL) < 0)
        return false;
    *ret = image_config_to_json(&c);
    return true;
}

static bool check(bool (*read)(const char *, size_t, struct arena *, json_t **), const char *text, size_t len)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_json_ json_t *once = NULL, *twice = NULL;
    if (!read(text, len, a, &once))
        return false;
    _cleanup_free_ char *written = oci_json_text(once, 0);
    MUST(read(written, strlen(written), a, &twice));
    MUST(json_equal(once, twice));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *) data;
    bool index = check(as_index, text, size), manifest = check(as_manifest, text, size);
    MUST(!index || !manifest);
    check(as_config, text, size);
    return 0;
}
