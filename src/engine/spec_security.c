// SPDX-License-Identifier: Apache-2.0
/*
 * engine/spec_security.c: the system call filter, and the files of /proc and /sys that are covered.
 *
 * The profile's text is compiled later, by whoever starts the container; here it becomes linux.seccomp of the specification, so
 * that inspect shows the rules themselves and not the name of a file that may have changed since.
 */
#include <errno.h>

#include "confine/seccomp_profile.h"
#include "engine/spec_internal.h"

int build_seccomp(struct build *b, struct error *err)
{
    const char *given = b->opt->seccomp;
    if (given != NULL)
        source_set(b, "seccomp", "--security-opt seccomp=%s", given);
    else if (!b->sealed)
        source_set(b, "seccomp", "%s", b->opt->privileged ? "--privileged" : "--compat docker");
    if (b->in->seccomp_text == NULL)
        return 0;
    struct seccomp_profile_env env;
    seccomp_profile_env_init(&env, b->caps);
    if (b->in->kernel_major != 0) {
        env.kernel_major = b->in->kernel_major;
        env.kernel_minor = b->in->kernel_minor;
    }
    return seccomp_profile_parse(b->in->seccomp_text, b->in->seccomp_len, b->in->seccomp_name, &env, b->a,
                                 &b->spec->linux_.seccomp, err);
}

/* The first eleven are what docker covers; the others tell a container what the host's kernel is made of. */
static const char *const masked[] = {
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/scsi",
    "/proc/sched_debug",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
    "/proc/kallsyms",
    "/proc/modules",
    "/proc/vmallocinfo",
    "/sys/devices/virtual/powercap",
    NULL,
};
static const char *const read_only[] = { "/proc/bus",           "/proc/fs", "/proc/irq", "/proc/sys",
                                         "/proc/sysrq-trigger", NULL };

int build_paths(struct build *b, struct error *err)
{
    (void) err;
    struct oci_linux *l = &b->spec->linux_;
    const struct run_options *o = b->opt;
    bool none = o->privileged || o->systempaths_unconfined || oci_strings_has(&o->unmask, "ALL");
    for (const char *const *p = masked; *p != NULL; p++) {
        if (!none && !oci_strings_has(&o->unmask, *p))
            oci_strings_add(b->a, &l->masked_paths, *p);
    }
    for (const char *const *p = read_only; *p != NULL; p++) {
        if (!none && !oci_strings_has(&o->unmask, *p) && !oci_strings_has(&o->mask, *p))
            oci_strings_add(b->a, &l->readonly_paths, *p);
    }
    for (size_t i = 0; i < o->mask.n; i++) {
        if (!oci_strings_has(&l->masked_paths, o->mask.v[i]))
            oci_strings_add(b->a, &l->masked_paths, o->mask.v[i]);
    }
    if (o->mask.n > 0)
        source_set(b, "kernel-files", "--security-opt mask=%s", o->mask.v[0]);
    if (o->unmask.n > 0)
        source_set(b, "kernel-files", "--security-opt unmask=%s", o->unmask.v[0]);
    if (o->privileged || o->systempaths_unconfined)
        source_set(b, "kernel-files", "%s",
                   o->privileged ? "--privileged" : "--security-opt systempaths=unconfined");
    return 0;
}
