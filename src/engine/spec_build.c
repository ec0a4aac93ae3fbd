// SPDX-License-Identifier: Apache-2.0
/*
 * engine/spec_build.c: the specification from end to end; the parts are in spec_*.c. The order matters in one place: the
 * capabilities are decided first, since seccomp profiles allow calls by them.
 */
#include "engine/spec_build.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/options_internal.h"
#include "engine/spec_internal.h"

void source_set(struct build *b, const char *key, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    oci_pairs_set(b->a, &b->sources, key, text);
}

void strings_add_all(struct arena *a, struct oci_strings *l, const char *const *v)
{
    for (; *v != NULL; v++)
        oci_strings_add(a, l, *v);
}

bool options_sealed(const struct run_options *o)
{
    return !o->compat_docker && !o->privileged;
}

bool options_userns(const struct run_options *o)
{
    if (o->userns != NULL)
        return !str_eq(o->userns, "host");
    return options_sealed(o);
}

bool options_read_only(const struct run_options *o)
{
    return o->read_only.set ? o->read_only.v : options_sealed(o);
}

int options_arguments(const struct run_options *o, const struct image_config *config, struct arena *a,
                      struct oci_strings *ret, struct error *err)
{
    struct oci_strings out = { 0 };
    if (o->entrypoint != NULL) {
        if (o->entrypoint[0] != '\0')
            oci_strings_add(a, &out, o->entrypoint);
    } else {
        for (size_t i = 0; i < config->entrypoint.n; i++)
            oci_strings_add(a, &out, config->entrypoint.v[i]);
    }
    /* The image's command belongs to the image's entrypoint: a new entrypoint takes it away, as in docker. */
    const struct oci_strings *rest = o->args.n > 0 || o->entrypoint != NULL ? &o->args : &config->cmd;
    for (size_t i = 0; i < rest->n; i++)
        oci_strings_add(a, &out, rest->v[i]);
    if (out.n == 0)
        return error_set(err, -EINVAL, "the image names no command; write one behind the image's name");
    if (out.v[0][0] == '\0')
        return error_set(err, -EINVAL, "the command is empty");
    *ret = out;
    return 0;
}

static int labels_to_annotations(struct build *b)
{
    struct oci_pairs *to = &b->spec->annotations;
    for (size_t i = 0; i < b->opt->annotations.n; i++)
        oci_pairs_set(b->a, to, b->opt->annotations.v[i].key, b->opt->annotations.v[i].value);
    oci_pairs_set(b->a, to, ANNOTATION_NAME, b->in->name);
    oci_pairs_set(b->a, to, ANNOTATION_IMAGE, b->in->image_name);
    if (network_is_bridge(b->opt->network))
        oci_pairs_set(b->a, to, ANNOTATION_NETWORK, b->opt->network);
    /* Last, so that no --annotation and no image can say otherwise. */
    bool nnp = b->spec->process.no_new_privileges; /* without it the kernel gives Landlock to root only */
    bool mounts = (b->caps & (UINT64_C(1) << CAP_SYS_ADMIN)) !=
                  0; /* Landlock forbids every change of a mount */
    bool landlock = b->opt->landlock.set ? b->opt->landlock.v : b->sealed && nnp && !mounts;
    oci_pairs_set(b->a, to, ANNOTATION_LANDLOCK, landlock ? "on" : "off");
    if (!landlock && b->opt->landlock.set)
        source_set(b, "landlock", "--security-opt landlock=off");
    else if (!landlock)
        source_set(b, "landlock", "%s",
                   b->compat    ? "--compat docker"
                   : !b->sealed ? "--privileged"
                   : !nnp       ? "--security-opt no-new-privileges=false"
                                : "--cap-add SYS_ADMIN");
    return 0;
}

static int build_all(struct build *b, struct error *err)
{
    static int (*const steps[])(struct build *, struct error *) = {
        build_capabilities, build_namespaces, build_process,   build_root,    build_system_mounts,
        build_user_mounts,  build_devices,    build_resources, build_seccomp, build_paths,
    };
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        int r = steps[i](b, err);
        if (r < 0)
            return r;
    }
    return labels_to_annotations(b);
}

int engine_spec_build(const struct spec_input *in, struct oci_spec **ret_spec, struct oci_pairs *ret_sources,
                      struct error *err)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    struct build b = {
        .in = in,
        .opt = in->opt,
        .image = in->config,
        .spec = spec,
        .a = spec->arena,
        .sealed = options_sealed(in->opt),
        .compat = in->opt->compat_docker,
    };
    spec->linux_.set = true;
    int r = build_all(&b, err);
    if (r < 0)
        return r;
    *ret_spec = TAKE_PTR(spec);
    *ret_sources = b.sources;
    return 0;
}
