// SPDX-License-Identifier: Apache-2.0
/*
 * A process document (exec --process) from hostile bytes, as far as it goes without a container: what was read has what a process
 * needs, and the controls that look at it refuse it or can use it.
 */
#include "fuzz.h"

#include "base/log.h"
#include "confine/capabilities.h"
#include "confine/range_list.h"
#include "confine/rlimits.h"
#include "confine/scheduler.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_ERROR, "fuzz");
    return 0;
}

static void use_capabilities(const struct oci_process *p)
{
    struct capability_sets sets;
    struct error err = { 0 };
    if (capability_sets_from_spec(&p->capabilities, &sets, &err) < 0) {
        MUST(err.msg[0] != '\0');
        return;
    }
    MUST((sets.effective & ~sets.permitted) == 0);
    MUST((sets.ambient & ~(sets.permitted & sets.inheritable)) == 0);
    uint64_t before = sets.bounding;
    capability_sets_limit(&sets);
    MUST((sets.bounding & ~before) == 0);
}

static void use_scheduler(const struct oci_process *p)
{
    unsigned long bits[CPU_AFFINITY_BITS / RANGE_LIST_BITS];
    struct error err = { 0 };
    if (scheduler_check(p, &err) < 0) {
        MUST(err.msg[0] != '\0');
        return;
    }
    struct cpu_affinity a = cpu_affinity_of_exec(p, p);
    if (a.initial != NULL)
        (void) !range_list_parse(a.initial, bits, CPU_AFFINITY_BITS);
    if (a.final != NULL)
        (void) !range_list_parse(a.final, bits, CPU_AFFINITY_BITS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *arena = arena_new();
    struct oci_process p;
    struct error err = { 0 };
    if (oci_process_parse((const char *) data, size, arena, &p, &err) < 0) {
        MUST(err.code < 0 && err.msg[0] != '\0');
        return 0;
    }
    MUST(p.args.n > 0 && p.cwd[0] == '/');
    MUST(p.user.uid != UINT32_MAX && p.user.gid != UINT32_MAX);
    for (size_t i = 0; i < p.user.n_additional_gids; i++)
        MUST(p.user.additional_gids[i] != UINT32_MAX);
    for (size_t i = 0; i < p.n_rlimits; i++) {
        int resource;
        MUST(rlimit_parse(p.rlimits[i].type, &resource) == 0 && p.rlimits[i].soft <= p.rlimits[i].hard);
        for (size_t k = 0; k < i; k++)
            MUST(!str_eq(p.rlimits[i].type, p.rlimits[k].type));
    }
    use_capabilities(&p);
    use_scheduler(&p);
    return 0;
}
