// SPDX-License-Identifier: Apache-2.0
/*
 * engine/exec.c: another process in a running container, never with more rights than the container's own: capabilities,
 * no_new_privs and the rest come from its specification. --user is looked up in the container's own files, through a
 * descriptor of its root, as they are now.
 */
#include <errno.h>

#include "confine/rootless.h"
#include "engine/engine_internal.h"
#include "engine/passwd.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/userns.h"

static int exec_user(const struct exec_request *req, const struct engine_container *c,
                     const struct oci_spec *spec, struct oci_process *p, struct error *err)
{
    struct user_identity u;
    struct oci_strings none = { 0 };
    if (req->user == NULL)
        return 0;
    _cleanup_close_ int proc = proc_open(err);
    _cleanup_close_ int fd = proc < 0 ? proc : proc_open_root(proc, c->pid, c->start_time, err);
    if (fd < 0)
        return fd;
    struct user_roots roots = { .root_fd = fd };
    int r = user_resolve(&roots, spec->arena, req->user, &none, &u, err);
    if (r < 0)
        return error_context(err, r, "--user");
    for (size_t i = 0; i < u.n_gids; i++) {
        if (spec->linux_.namespaces[OCI_NS_USER].set && u.gids[i] >= 65536)
            return error_set(err, -ERANGE, "--user: group %u is outside of the container's 65536 ids",
                             u.gids[i]);
    }
    if (spec->linux_.namespaces[OCI_NS_USER].set && (u.uid >= 65536 || u.gid >= 65536))
        return error_set(err, -ERANGE, "--user: %u:%u is outside of the container's 65536 ids", u.uid, u.gid);
    if (rootless_inside() && userns_ids() == 1)
        u.n_gids = 0;
    p->user.uid = u.uid;
    p->user.gid = u.gid;
    p->user.additional_gids = u.gids;
    p->user.n_additional_gids = u.n_gids;
    env_list_set(spec->arena, &p->env, arena_printf(spec->arena, "HOME=%s", u.home));
    /* A user who is not root keeps what was granted by name; docker's defaults were never in these sets. */
    if (u.uid == 0) {
        p->capabilities.inheritable = none;
        p->capabilities.ambient = none;
    }
    return 0;
}

static int exec_process(const struct exec_request *req, const struct engine_container *c,
                        const struct oci_spec *spec, struct oci_process *ret, struct error *err)
{
    struct oci_process p = spec->process;
    p.args = req->args;
    p.terminal = req->tty;
    int r = exec_user(req, c, spec, &p, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < req->env.n; i++)
        env_list_set(spec->arena, &p.env, req->env.v[i]);
    if (req->tty && env_list_get(&p.env, "TERM") == NULL)
        env_list_set(spec->arena, &p.env, "TERM=xterm");
    if (req->workdir != NULL) {
        if (req->workdir[0] != '/')
            return error_set(err, -EINVAL, "--workdir: the working directory \"%s\" must be an absolute path",
                             req->workdir);
        p.cwd = req->workdir;
    }
    *ret = p;
    return 0;
}

int engine_exec(struct engine *e, const char *name_or_id, const struct exec_request *req,
                struct container_exit *ret, struct error *err)
{
    struct engine_container c;
    struct runtime *rt;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct oci_process process;
    int r = engine_get(e, name_or_id, &c, err);
    if (r < 0)
        return r;
    if (c.status != ENGINE_RUNNING)
        r = error_set(err, -ESRCH, "container %s is not running",
                      c.record->name != NULL ? c.record->name : c.record->id);
    if (r == 0)
        r = engine_runtime(e, &rt, err);
    if (r == 0)
        r = container_spec(rt, c.record->id, &spec, err);
    if (r == 0)
        r = runtime_protect(spec, err);
    if (r == 0)
        r = exec_process(req, &c, spec, &process, err);
    struct exec_options opt = { .spec = spec, .detach = req->detach, .keep_stdin_closed = !req->interactive };
    if (r == 0)
        r = container_exec(rt, c.record->id, &process, &opt, ret, err);
    engine_container_clear(&c);
    return r;
}
