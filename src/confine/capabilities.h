// SPDX-License-Identifier: Apache-2.0
/*
 * confine/capabilities.h: the five capability sets (capabilities(7)).
 *
 * Failure mode: fail closed, which for a grant is not to give it. A name that is not a capability, and a capability that the kernel
 * does not know or that we do not hold ourselves, is left out with a warning, as runtime-spec 1.3 (config.md, "Linux Process") says:
 * an engine that asks for all there are must work where some are withheld. The inheritable set stays empty unless the specification
 * itself asks for it (CVE-2022-24769): then ambient may be used, which needs it.
 */
#pragma once

#include "oci/spec.h"

#define CAP_SET_ALL(last) ((last) >= 63 ? ~0ULL : ((1ULL << ((last) + 1)) - 1))

/* "CAP_CHOWN", "chown", "Chown" → 0; -EINVAL when there is no such capability. */
int capability_parse(const char *name, unsigned *ret);
/* "CAP_CHOWN" …, NULL beyond the last that oakum knows. */
const char *capability_name(unsigned cap);
unsigned capability_count(void); /* number that oakum knows: 41 (CAP_CHECKPOINT_RESTORE is 40) */
/* docker's default 14 as a set. */
uint64_t capability_docker_default(void);

struct capability_sets {
    uint64_t bounding, effective, permitted, inheritable, ambient;
};
/* The specification's names as sets; unknown names are left out with a warning. -EINVAL: effective is more than permitted. */
int capability_sets_from_spec(const struct oci_capabilities *caps, struct capability_sets *ret,
                              struct error *err);
/*
 * Leaves out, with a warning each, what this process does not hold and so cannot give. Not for a container with a user namespace
 * of its own, where the child holds everything.
 */
void capability_sets_limit(struct capability_sets *sets);
/*
 * In the child, first half, while still privileged: drops the bounding set to sets->bounding.
 * Second half, after the ids were changed with PR_SET_KEEPCAPS: capset, ambient. No allocation.
 */
int capability_drop_bounding(const struct capability_sets *sets, struct error *err);
int capability_apply(const struct capability_sets *sets, struct error *err);
