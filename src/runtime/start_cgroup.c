// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the cgroup of a start. For root there is one or the start fails. An ordinary user, or root of a user namespace, often
 * has none that he may write: then a budget in the specification is an error that names it, and without one the container
 * goes without a cgroup. Device rules are no budget there: in a user namespace no device node can be made, so what
 * was bound into /dev is all there is.
 *
 * Threat: a limit that somebody believes in and nobody enforces.
 */
#include <errno.h>

#include "base/log.h"
#include "confine/cgroup_annotations.h"
#include "confine/rootless.h"
#include "runtime/annotations.h"
#include "runtime/start.h"

static bool means_not_ours(int code)
{
    return code == -EACCES || code == -EPERM || code == -EROFS || code == -ENODEV || code == -ENOENT;
}

/* The scope's handle; "/oakum-ID" in the delegated cgroup, where there is one and the specification names no path. */
static int choose(struct start *s, struct error *err)
{
    const char *asked = s->spec->linux_.cgroups_path;
    if (s->opt->systemd_cgroup && cgroup_systemd_check(&s->spec->annotations, err) < 0)
        return -EINVAL;
    if (s->opt->systemd_cgroup)
        return cgroup_systemd_handle(asked, s->opt->id, &s->cgroup_path, err);
    if (str_empty(asked) && rootless_lenient()) {
        unsigned controllers;
        _cleanup_free_ char *parent = cgroup_delegated(&controllers);
        if (parent)
            s->cgroup_path = xasprintf("%s/oakum-%s", parent, s->opt->id);
    }
    if (!s->cgroup_path)
        s->cgroup_path = cgroup_default_path(asked, s->opt->id);
    int r = cgroup_path_check(s->cgroup_path, err);
    return r < 0 ? error_context(err, r, "linux.cgroupsPath") : 0;
}

static int without_cgroup(struct start *s, const struct error *why)
{
    log_debug("container %s has no cgroup of its own: %s", s->opt->id, why->msg);
    if (unlinkat(s->dirfd, "cgroup", 0) < 0 && errno != ENOENT)
        return -errno;
    free(s->cgroup_path);
    s->cgroup_path = NULL;
    return 0;
}

static void warn_of_properties(const struct oci_pairs *annotations)
{
    for (size_t i = 0; i < annotations->n; i++)
        if (str_after(annotations->v[i].key, "org.systemd.property."))
            log_warn("annotations.%s: is ignored by this cgroup driver", annotations->v[i].key);
    if (!str_empty(oci_pairs_get(annotations, CGROUP_SUBGROUP)))
        log_warn("annotations." CGROUP_SUBGROUP ": is ignored by this cgroup driver");
}

/* The second try is without the device rules, whose program only root may load. */
static int make(struct start *s, struct error *err)
{
    const struct oci_resources *res = &s->spec->linux_.resources;
    struct error first = { 0 };
    int r = cgroup_create_annotated(s->cgroup_path, res, &s->spec->annotations, &s->cg, &first);
    if (r < 0 && !s->opt->systemd_cgroup && rootless_lenient() && means_not_ours(r)) {
        struct oci_resources budget = *res;
        budget.n_devices = 0;
        r = res->n_devices > 0 ? cgroup_create(s->cgroup_path, &budget, &s->cg, &first) : r;
        if (r < 0 && means_not_ours(r) && !cgroup_limits_asked(res))
            return without_cgroup(s, &first);
        if (r < 0)
            error_context(&first, r, "a limit needs a cgroup that this user may write (a delegated one)");
    }
    if (r < 0 && err)
        *err = first;
    s->cgroup_made = r >= 0;
    return r;
}

/* Where the container can do something with it (runtime-spec, "Cgroup ownership"), and where the annotation asks for a cgroup of its own. */
static int share_out(struct start *s, struct error *err)
{
    const struct oci_spec *spec = s->spec;
    const char *delegated = oci_pairs_get(&spec->annotations, ANNOTATION_DELEGATE_CGROUP);
    uint32_t uid = namespace_host_uid(spec, spec->process.user.uid);
    if (!str_empty(delegated)) {
        int r = s->cg ? cgroup_delegate(s->cg, delegated, uid, err)
                      : error_set(err, -EOPNOTSUPP, "the container has no cgroup");
        return r < 0 ? error_context(err, r, "annotations." ANNOTATION_DELEGATE_CGROUP) : 0;
    }
    if (!s->cg || uid == UINT32_MAX || !s->ns.new_cgroup || !mounts_have_writable_cgroup(s->mounts))
        return 0;
    struct error why = { 0 };
    int r = cgroup_give(s->cg, uid, &why);
    if (r < 0 && rootless_lenient() && means_not_ours(r)) {
        log_debug("container %s: %s", s->opt->id, why.msg);
        return 0;
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

int start_cgroup(struct start *s, struct error *err)
{
    if (!s->opt->systemd_cgroup)
        warn_of_properties(&s->spec->annotations);
    if (s->opt->no_cgroup)
        return s->mounts ? share_out(s, err) : 0;
    int r = choose(s, err);
    if (r >= 0)
        r = state_write_cgroup(s->dirfd, s->cgroup_path, err);
    if (r >= 0)
        r = make(s, err);
    if (r >= 0 && s->opt->systemd_cgroup) { /* now it is known where it is */
        free(s->cgroup_path);
        s->cgroup_path = cgroup_handle(s->cg);
        r = state_write_cgroup(s->dirfd, s->cgroup_path, err);
    }
    /*
     * Whoever chose the path is an engine that will look there. Not where a scheduling policy is asked for: a cpu cgroup of its own
     * begins without real-time budget, and would take the policy away.
     */
    if (r >= 0 && s->cg && s->spec->linux_.cgroups_path && !s->spec->process.scheduler.policy) {
        struct error why = { 0 };
        r = cgroup_use_counters(s->cg, &why);
        if (r < 0 && rootless_lenient() && means_not_ours(r))
            r = 0;
        if (r < 0 && err)
            *err = why;
    }
    if (r >= 0 && s->mounts)
        r = share_out(s, err);
    if (r >= 0 && s->mounts && namespaces_share_cgroup(&s->ns)) /* a restore has none: criu makes them */
        r = mounts_prepare_cgroup(s->mounts, s->cg, err);
    return r;
}
