// SPDX-License-Identifier: Apache-2.0
/*
 * report/sbom.h: a bill of materials as CycloneDX 1.6 and SPDX 2.3, both JSON. Pure: what goes in is all that counts, so the same image
 * gives the same document (SPDX's date is the caller's). All strings are UTF-8.
 */
#pragma once

#include "base/json.h"

struct sbom_component {
    const char *name, *version, *purl;
    const char *path;  /* what says so */
    const char *layer; /* "sha256:…", NULL: a directory's */
};
struct sbom_unknown {
    const char *path, *reason, *layer;
};
struct sbom {
    const char *name;   /* the image's, or the directory's */
    const char *digest; /* "sha256:…" of the image, NULL */
    const char *os_id, *os_version;
    const char *tool_version;
    const char *created; /* RFC 3339; SPDX only */
    const struct sbom_component *v;
    size_t n;
    const struct sbom_unknown *unknown; /* files that nobody can name: they are in the document too */
    size_t n_unknown;
    bool incomplete; /* something could not be read or named: the document says so */
};

json_t *sbom_cyclonedx(const struct sbom *s) __attribute__((returns_nonnull));
json_t *sbom_spdx(const struct sbom *s) __attribute__((returns_nonnull));
