// SPDX-License-Identifier: Apache-2.0
/*
 * confine/seccomp_profile.h: profiles in docker's JSON format, and the two that are in the program.
 *
 * docker's format is the runtime specification's linux.seccomp with: `archMap` instead of `architectures` (an architecture and those
 * that run beside it), and in a rule `name` (old, one call), `comment`, `includes` and `excludes` (caps, arches, minKernel: the
 * rule counts if all of includes and none of excludes holds). podman's additions `errno` and `defaultErrno` (a name such as "EPERM")
 * count where errnoRet and defaultErrnoRet are absent. A plain linux.seccomp object is a profile, too. Unknown members are ignored, as
 * those engines do.
 *
 * A profile without defaultAction is an error (docker takes an empty one as "no filter"; seccomp=unconfined says that).
 *
 * Failure mode: fail closed. A member of the wrong type or out of range is -EINVAL with its place, also in a rule whose conditions do not
 * hold; it never counts as absent. A capability that nobody knows is held by nobody, with a warning. An archMap entry for another
 * machine is passed over; a name in `architectures` that no machine has is -EINVAL. Where the kernel's version cannot be read it is taken
 * as 5.15, the oldest that oakum runs on: rules for newer ones do not count.
 */
#pragma once

#include "oci/spec.h"

/* What includes and excludes are decided by. */
struct seccomp_profile_env {
    uint64_t caps;    /* capabilities in the container's bounding set, bit n for capability number n */
    const char *arch; /* of the machine, as includes.arches spells it: "amd64", "arm64" */
    unsigned kernel_major, kernel_minor; /* 6, 1 for 6.1.0-13-amd64 */
};

/* The machine's own architecture and the running kernel's version; caps as given. */
void seccomp_profile_env_init(struct seccomp_profile_env *env, uint64_t caps);

/*
 * text need not be NUL-terminated; name stands before messages ("myprofile.json: syscalls[3].includes.minKernel: …"). Everything in
 * *ret lives in the arena. -EINVAL for a document that is none, or has a member of the wrong type or out of range.
 */
int seccomp_profile_parse(const char *text, size_t len, const char *name,
                          const struct seccomp_profile_env *env, struct arena *a, struct oci_seccomp *ret,
                          struct error *err) _warn_unused_;

/* The sealed default (data/seccomp/default.json, explained in docs/seccomp.md), *len bytes of JSON. */
const char *seccomp_profile_default(size_t *len);
/* What docker allows by default, for --compat docker (data/seccomp/docker.json). */
const char *seccomp_profile_docker(size_t *len);
