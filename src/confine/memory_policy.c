// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a table of modes with what each asks of the list of nodes, and one call. The threat is a policy that is not the one
 * that was written down, such as MPOL_LOCAL with nodes: combinations without a meaning are refused before anything exists.
 */
#include "confine/memory_policy.h"

#include <errno.h>
#include <linux/mempolicy.h>

#include "confine/range_list.h"
#include "sys/syscall.h"

#define MODE_WEIGHTED_INTERLEAVE 6 /* MPOL_WEIGHTED_INTERLEAVE, 6.9: not in the headers of Debian 12 */

enum nodes { NODES_NONE, NODES_MAY, NODES_MUST };

static const struct {
    const char *name;
    int mode;
    enum nodes nodes;
} modes[] = {
    { "MPOL_DEFAULT", MPOL_DEFAULT, NODES_NONE },
    { "MPOL_BIND", MPOL_BIND, NODES_MUST },
    { "MPOL_INTERLEAVE", MPOL_INTERLEAVE, NODES_MUST },
    { "MPOL_WEIGHTED_INTERLEAVE", MODE_WEIGHTED_INTERLEAVE, NODES_MUST },
    { "MPOL_PREFERRED", MPOL_PREFERRED, NODES_MAY }, /* without nodes: the local one */
    { "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY, NODES_MUST },
    { "MPOL_LOCAL", MPOL_LOCAL, NODES_NONE },
};
static const struct {
    const char *name;
    int flag;
} flags[] = {
    { "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
    { "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
    { "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
};

const char *memory_policy_mode_name(size_t i)
{
    return i < ARRAY_LEN(modes) ? modes[i].name : NULL;
}

const char *memory_policy_flag_name(size_t i)
{
    return i < ARRAY_LEN(flags) ? flags[i].name : NULL;
}

static int read_flags(const struct oci_linux *l, bool has_nodes, int *ret, struct error *err)
{
    int found = 0;
    for (size_t i = 0; i < l->memory_policy_flags.n; i++) {
        size_t k = 0;
        while (k < ARRAY_LEN(flags) && !str_eq(flags[k].name, l->memory_policy_flags.v[i]))
            k++;
        if (k == ARRAY_LEN(flags))
            return error_set(err, -EINVAL, "linux.memoryPolicy.flags[%zu]: unknown flag \"%s\"", i,
                             l->memory_policy_flags.v[i]);
        found |= flags[k].flag;
    }
    if ((found & MPOL_F_STATIC_NODES) && (found & MPOL_F_RELATIVE_NODES))
        return error_set(
            err, -EINVAL,
            "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
    if (found && !has_nodes)
        return error_set(err, -EINVAL, "linux.memoryPolicy.flags: %s with %s has no meaning without nodes",
                         l->memory_policy_flags.v[0], l->memory_policy_mode);
    *ret = found;
    return 0;
}

int memory_policy_read(const struct oci_linux *l, struct memory_policy *ret, struct error *err)
{
    size_t m = 0;
    int more = 0;
    while (m < ARRAY_LEN(modes) && !str_eq(modes[m].name, l->memory_policy_mode))
        m++;
    if (m == ARRAY_LEN(modes))
        return error_set(err, -EINVAL, "linux.memoryPolicy.mode: unknown mode \"%s\"", l->memory_policy_mode);
    struct memory_policy p = { .mode = modes[m].mode, .has_nodes = !str_empty(l->memory_policy_nodes) };
    if (modes[m].nodes == NODES_MUST && !p.has_nodes)
        return error_set(err, -EINVAL, "linux.memoryPolicy.nodes: %s needs nodes", modes[m].name);
    if (modes[m].nodes == NODES_NONE && p.has_nodes)
        return error_set(err, -EINVAL, "linux.memoryPolicy.nodes: %s takes no nodes", modes[m].name);
    if (p.has_nodes && range_list_parse(l->memory_policy_nodes, p.nodes, MEMORY_POLICY_NODES) < 0)
        return error_set(err, -EINVAL, "linux.memoryPolicy.nodes: \"%.200s\" is not a list of nodes",
                         l->memory_policy_nodes);
    int r = read_flags(l, p.has_nodes, &more, err);
    if (r < 0)
        return r;
    p.mode |= more;
    *ret = p;
    return 0;
}

int memory_policy_check(const struct oci_linux *l, struct error *err)
{
    struct memory_policy p;
    return l->memory_policy_mode ? memory_policy_read(l, &p, err) : 0;
}

int memory_policy_apply(const struct oci_linux *l, struct error *err)
{
    struct memory_policy p = { 0 };
    if (!l->memory_policy_mode)
        return 0;
    int r = memory_policy_read(l, &p, err);
    if (r < 0)
        return r;
    /* One more than there are bits: the kernel counts that way. */
    if (syscall(SYS_set_mempolicy, p.mode, p.has_nodes ? p.nodes : NULL,
                p.has_nodes ? MEMORY_POLICY_NODES + 1 : 0) < 0)
        return error_errno(err, -errno, "linux.memoryPolicy: cannot set %s%s%s", l->memory_policy_mode,
                           p.has_nodes ? " of nodes " : "", p.has_nodes ? l->memory_policy_nodes : "");
    return 0;
}
