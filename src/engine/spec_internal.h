// SPDX-License-Identifier: Apache-2.0
/* engine/spec_internal.h: what the parts of the specification builder share. One file a part; each gets the struct build. */
#pragma once

#include "engine/spec_build.h"

struct build {
    const struct spec_input *in;
    const struct run_options *opt;
    const struct image_config *image;
    struct oci_spec *spec;
    struct arena *a;
    struct oci_pairs sources;
    bool sealed;      /* neither compat docker nor privileged */
    bool compat;      /* docker's defaults */
    uint64_t caps;    /* what the process may hold */
    uint64_t ambient; /* of those, what was asked for by name */
};

/* A control is not at its sealed default, because of this. */
void source_set(struct build *b, const char *key, const char *fmt, ...) _printf_(3, 4);
void strings_add_all(struct arena *a, struct oci_strings *l, const char *const *v);

int build_namespaces(struct build *b, struct error *err);
int build_capabilities(struct build *b, struct error *err);
int build_process(struct build *b, struct error *err);
int build_root(struct build *b, struct error *err);
int build_system_mounts(struct build *b, struct error *err);
int build_user_mounts(struct build *b, struct error *err);
int build_devices(struct build *b, struct error *err);
int build_resources(struct build *b, struct error *err);
int build_seccomp(struct build *b, struct error *err);
int build_paths(struct build *b, struct error *err);

/* Is the target one of the options' own mounts? */
const struct run_mount *asked_mount(const struct run_options *o, const char *target);
