// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the points of a container's life at which hooks are run, each with the state document and the place that the
 * specification gives it. create.c, init.c, run.c and manage.c call these; a specification without hooks costs them a comparison.
 *
 * Threats: a startContainer hook is named by the configuration and found in the image, so it is sealed like the container's
 * program (process_seal() in the hook's own process), while the first process, still privileged, waits undumpable. createContainer
 * hooks are the host's programs in the container's namespaces: they run before anything of the image does.
 */
#include <errno.h>
#include <limits.h>

#include "base/log.h"
#include "runtime/hooks.h"
#include "runtime/start.h"

static struct hook_state state_of(const struct start *s, enum container_status status, pid_t pid)
{
    return (struct hook_state){
        .oci_version = s->spec->oci_version,
        .id = s->opt->id,
        .bundle = s->hook_bundle ?: s->opt->bundle,
        .status = status,
        .pid = pid,
        .annotations = &s->spec->annotations,
    };
}

int hook_points_prepare(struct start *s, struct error *err)
{
    size_t n = 0;
    char link[40], path[PATH_MAX];
    for (int kind = 0; kind < OCI_HOOK_KINDS; kind++)
        n += s->spec->hooks[kind].n;
    int r = n > 0 ? hooks_files(s->spec, s->hook_files, err) : 0;
    if (r < 0 || n == 0 || s->opt->bundle[0] == '/')
        return r;
    if (str_format(link, sizeof(link), "self/fd/%d", s->bundle_fd) < 0)
        return -ENAMETOOLONG;
    ssize_t len = readlinkat(s->proc_fd, link, path, sizeof(path));
    if (len < 0 || len == sizeof(path))
        return error_errno(err, len < 0 ? -errno : -ENAMETOOLONG, "the bundle's path");
    s->hook_bundle = xstrndup(path, (size_t) len);
    return 0;
}

bool hook_point_runtime_wanted(const struct oci_spec *spec)
{
    return spec->hooks[OCI_HOOK_PRESTART].n > 0 || spec->hooks[OCI_HOOK_CREATE_RUNTIME].n > 0;
}

int hook_point_runtime(struct start *s, struct error *err)
{
    struct hook_state st = state_of(s, CONTAINER_CREATING, s->pid);
    const struct hook_entry entry = { .directory = st.bundle };
    s->hooks_begun = true;
    int r = hooks_run(s->spec, OCI_HOOK_PRESTART, &st, &entry, err);
    return r < 0 ? r : hooks_run(s->spec, OCI_HOOK_CREATE_RUNTIME, &st, &entry, err);
}

int hook_point_create_container(struct start *s, struct error *err)
{
    if (s->spec->hooks[OCI_HOOK_CREATE_CONTAINER].n == 0)
        return 0;
    struct hook_state st = state_of(s, CONTAINER_CREATING, getpid());
    const struct hook_entry entry = { .directory = st.bundle, .files = s->hook_files };
    return hooks_run(s->spec, OCI_HOOK_CREATE_CONTAINER, &st, &entry, err);
}

/* own: the hook's connection to the agent of a filter that notifies; each process with the filter loads it, and has a listener. */
static int enter_sealed(void *arg, int own, int report_fd, struct error *err)
{
    const struct start *s = arg;
    struct process_plan plan = s->plan;
    struct seccomp_agent agent = s->agent;
    agent.fd = own;
    agent.is_init = false; /* the state has the first process's pid already */
    int r = seccomp_agent_prepare(&agent, err);
    if (r < 0)
        return r;
    plan.agent = &agent;
    plan.report_fd = report_fd;
    plan.init_fd = -1;
    plan.preserve_fds = 0;
    plan.cwd_later = false;
    plan.die_with_parent = false;
    return process_seal(&plan, err);
}

int hook_point_start_container(struct start *s, struct error *err)
{
    if (s->spec->hooks[OCI_HOOK_START_CONTAINER].n == 0)
        return 0;
    struct hook_state st = state_of(s, CONTAINER_CREATED, getpid());
    const struct hook_entry entry = {
        .directory = "/",
        .enter = enter_sealed,
        .arg = s,
        .files = s->hook_files,
        .own = s->hook_agents,
        .env = s->plan.envp,
    };
    return hooks_run(s->spec, OCI_HOOK_START_CONTAINER, &st, &entry, err);
}

int hook_point_poststart(struct start *s, struct error *err)
{
    struct hook_state st = state_of(s, CONTAINER_RUNNING, s->pid);
    const struct hook_entry entry = { .directory = st.bundle };
    return hooks_run(s->spec, OCI_HOOK_POSTSTART, &st, &entry, err);
}

void hook_point_poststop(struct start *s)
{
    struct hook_state st = state_of(s, CONTAINER_STOPPED, 0);
    if (s->spec->hooks[OCI_HOOK_POSTSTOP].n > 0)
        hooks_run_poststop(s->spec, &st);
}

/* ---- for a container of another command's making ---- */

struct oci_spec *hook_point_spec(int dirfd, enum oci_hook_kind kind)
{
    _cleanup_free_ char *text = NULL;
    struct oci_spec *spec = NULL;
    struct error err = { 0 };
    size_t len;
    int r = state_read_config(dirfd, &text, &len, &err);
    if (r >= 0 && hooks_maybe(text, len, kind))
        r = oci_spec_parse(text, len, &spec, &err);
    if (r < 0)
        log_warn("no %s hooks are run: the container's configuration cannot be read: %s", oci_hook_name(kind),
                 err.msg);
    return spec;
}

int hook_point_poststart_of(const struct oci_spec *spec, const struct record *rec, struct error *err)
{
    const struct hook_state st = { rec->oci_version,  rec->id,  rec->bundle,
                                   CONTAINER_RUNNING, rec->pid, &rec->annotations };
    const struct hook_entry entry = { .directory = rec->bundle };
    return spec ? hooks_run(spec, OCI_HOOK_POSTSTART, &st, &entry, err) : 0;
}

void hook_point_poststop_of(const struct oci_spec *spec, const struct record *rec)
{
    const struct hook_state st = { rec->oci_version,  rec->id, rec->bundle,
                                   CONTAINER_STOPPED, 0,       &rec->annotations };
    if (spec)
        hooks_run_poststop(spec, &st);
}
