// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: state directory and cgroup are made as for any start, from the bundle's configuration; then criu makes the processes
 * from the images, and its root process is recorded. criu runs in a mount namespace of its own, in which the container's root is
 * a mount (criu wants one), so that nothing stays mounted on the host whatever happens. In the foreground we are its
 * subreaper: criu ends, and the container's first process becomes our child, whose end we wait for.
 *
 * Threats: a container that comes back outside of its budgets: criu moves its processes to our cgroup (--cgroup-root), which has its
 * limits before. With controls that it had not: what checkpoint refuses is refused here too. The caller's keyring in it: criu, and
 * so its children, get a session keyring of their own.
 */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "base/parse.h"
#include "confine/keyring.h"
#include "confine/lsm.h"
#include "runtime/checkpoint.h"
#include "runtime/enforce.h"
#include "runtime/rdt.h"
#include "runtime/start.h"
#include "sys/file.h"
#include "sys/mnt.h"
#include "sys/proc.h"

#define PID_FILE "criu.pid"

struct restore {
    struct start s;
    const struct criu_options *opt;
    char root[2 * PATH_MAX];
};

/* Hooks that want the namespaces before there is a process in them: criu has no such moment for us. */
static int check(const struct oci_spec *spec, struct error *err)
{
    static const enum oci_hook_kind kinds[] = { OCI_HOOK_PRESTART, OCI_HOOK_CREATE_RUNTIME,
                                                OCI_HOOK_CREATE_CONTAINER, OCI_HOOK_START_CONTAINER };
    int r = enforce_check(spec, err);
    if (r >= 0)
        r = lsm_check(spec, err);
    if (r >= 0)
        r = checkpoint_check(spec, err);
    for (size_t i = 0; i < ARRAY_LEN(kinds) && r >= 0; i++)
        if (spec->hooks[kinds[i]].n > 0)
            r = error_set(err, -ENOTSUP, "hooks.%s: cannot be run at a restore", oci_hook_name(kinds[i]));
    return r;
}

/* ---- in criu's process ---- */

static int make_root_mount(const char *root, bool read_only, struct error *err)
{
    _cleanup_close_ int top = file_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0, err);
    if (top < 0)
        return top;
    int r = mnt_propagation(top, MS_SLAVE, true, err);
    if (r < 0)
        return r;
    _cleanup_close_ int target = file_open(AT_FDCWD, root, O_PATH | O_DIRECTORY, 0, err);
    _cleanup_close_ int clone = target < 0
                                    ? target
                                    : mnt_clone_attr(target, "", false, read_only ? MOUNT_ATTR_RDONLY : 0, 0,
                                                     MS_PRIVATE, err);
    return clone < 0 ? clone : mnt_attach(clone, target, err);
}

static int before_criu(void *arg, struct error *err)
{
    struct restore *rs = arg;
    if (sigprocmask(SIG_SETMASK, &rs->s.old_mask, NULL) < 0)
        return error_errno(err, -errno, "cannot unblock signals");
    int r = rs->s.opt->no_new_keyring ? 0 : keyring_new_session(err);
    if (r >= 0 && unshare(CLONE_NEWNS) < 0)
        r = error_errno(err, -errno, "cannot make a mount namespace");
    return r < 0 ? r : make_root_mount(rs->root, rs->s.spec->root_readonly, err);
}

/* ---- arguments ---- */

static int pass_streams(struct criu *c, const struct criu_options *opt, struct error *err)
{
    _cleanup_free_ char *path = xasprintf("%s/descriptors.json", opt->image_path), *text = NULL;
    _cleanup_json_ json_t *list = NULL;
    size_t len;
    int r = file_read(AT_FDCWD, path, 65536, &text, &len, err);
    if (r >= 0)
        r = json_parse(text, len, path, &list, err);
    for (size_t fd = 0; r >= 0 && fd < 3 && fd < json_array_size(list); fd++) {
        const char *key = json_string_value(json_array_get(list, fd));
        if (key && (str_after(key, "pipe:[") || str_after(key, "file[")))
            r = criu_pass(c, (int) fd, key, err);
    }
    return r < 0 ? error_context(err, r, "--image-path") : 0;
}

static int pass_namespaces(struct criu *c, struct start *s, struct error *err)
{
    static const enum oci_namespace_kind kinds[] = { OCI_NS_NETWORK, OCI_NS_PID };
    int r = 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds) && r >= 0; i++)
        if (s->ns.join[kinds[i]] >= 0)
            r = criu_pass(c, s->ns.join[kinds[i]], checkpoint_ns_key(kinds[i]), err);
    return r;
}

static void add_mounts(struct criu *c, const struct oci_spec *spec, const char *bundle)
{
    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct oci_mount *m = &spec->mounts[i];
        if (!checkpoint_is_bind(m) || !m->source)
            continue;
        criu_add(c, "--external");
        criu_add(c, "mnt[%s]:%s%s%s", m->destination, m->source[0] == '/' ? "" : bundle,
                 m->source[0] == '/' ? "" : "/", m->source);
    }
}

static void add_cgroups(struct criu *c, const struct start *s)
{
    const char *name;
    for (size_t i = 0; s->cg && (name = cgroup_hierarchy(s->cg, i)) != NULL; i++) {
        criu_add(c, "--cgroup-root=%s%s%s", name, name[0] ? ":" : "", s->cgroup_path);
        /* The name of a bind that a container without a cgroup namespace has (checkpoint.c). */
        criu_add(c, "--external");
        criu_add(c, "mnt[cgroup/%s]:/sys/fs/cgroup/%s%s", name[0] ? name : "cgroup", name, s->cgroup_path);
    }
}

static int add_arguments(struct criu *c, struct restore *rs, struct error *err)
{
    struct start *s = &rs->s;
    criu_add_config(c, s->spec);
    criu_add(c, "--root=%s", rs->root);
    criu_add(c, "--pidfile=%s/%s/" PID_FILE, s->rt->root, s->opt->id);
    criu_add(c, "--restore-detached");
    if (rs->opt->lsm_profile)
        criu_add(c, "--lsm-profile=%s", rs->opt->lsm_profile);
    if (rs->opt->lsm_mount_context)
        criu_add(c, "--lsm-mount-context=%s", rs->opt->lsm_mount_context);
    for (size_t i = 0; i < rs->opt->empty_ns.n; i++)
        if (!str_eq(rs->opt->empty_ns.v[i], "network"))
            return error_set(err, -EINVAL, "--empty-ns: can only be network");
    if (rs->opt->empty_ns.n > 0)
        criu_add(c, "--empty-ns=net");
    add_mounts(c, s->spec, s->opt->bundle);
    add_cgroups(c, s);
    int r = pass_streams(c, rs->opt, err);
    return r < 0 ? r : pass_namespaces(c, s, err);
}

/* ---- the whole ---- */

static int read_pid(struct start *s, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    uint32_t pid;
    int r = file_read(s->dirfd, PID_FILE, 64, &text, NULL, err);
    if (r < 0)
        return r;
    text[strcspn(text, "\n")] = '\0';
    unlinkat(s->dirfd, PID_FILE, 0);
    if (parse_u32(text, &pid) < 0 || pid == 0 || pid > INT_MAX)
        return error_set(err, -EIO, "criu did not say which process it has made");
    s->pid = (pid_t) pid;
    r = s->pidfd = sys_pidfd_open(s->pid, 0);
    return r < 0 ? error_errno(err, -errno, "the restored process has ended already") : 0;
}

static int gather(struct restore *rs, struct error *err)
{
    struct start *s = &rs->s;
    const char *root = s->spec->root_path;
    s->proc_fd = proc_open(err);
    s->bundle_fd = s->proc_fd < 0 ? s->proc_fd
                                  : file_open(AT_FDCWD, s->opt->bundle, O_RDONLY | O_DIRECTORY, 0, err);
    if (s->bundle_fd < 0)
        return s->bundle_fd;
    if (str_format(rs->root, sizeof(rs->root), "%s%s%s", root[0] == '/' ? "" : s->opt->bundle,
                   root[0] == '/' ? "" : "/", root) < 0)
        return error_set(err, -ENAMETOOLONG, "root.path: is too long");
    return namespaces_open(s->spec, NULL, &s->ns, err);
}

static int restore(struct restore *rs, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct start *s = &rs->s;
    struct criu c;
    int r = criu_begin(&c, a, rs->opt, "restore",
                       err); /* before anything is made: the program may be missing */
    if (r >= 0)
        r = start_record_begin(s, false, err);
    if (r >= 0)
        r = add_arguments(&c, rs, err);
    c.before = before_criu;
    c.arg = rs;
    if (r >= 0)
        r = criu_run(&c, err);
    if (r >= 0)
        r = read_pid(s, err);
    if (r >= 0) /* criu may have made its cgroup in more hierarchies than we have */
        r = state_mark_grown(s->dirfd, err);
    if (r >= 0)
        r = rdt_join(&s->spec->linux_.intel_rdt, s->opt->id, s->pid, err);
    if (r >= 0)
        r = start_record_process(s, err);
    if (r >= 0)
        r = start_write_pid_file(s, err);
    return r < 0 ? r : hook_point_poststart(s, err);
}

int container_restore(struct runtime *rt, const struct oci_spec *spec, const struct container_options *opt,
                      const struct criu_options *criu, struct container_exit *ret, struct error *err)
{
    struct restore rs = { .opt = criu };
    sigset_t set, entry;
    *ret = (struct container_exit){ .code = 125 };
    int r = check(spec, err);
    if (r >= 0 && opt->console_socket)
        r = error_set(err, -EINVAL, "--console-socket: process.terminal is false");
    if (r >= 0)
        r = container_id_check(opt->id, err);
    if (r < 0)
        return r;
    signals_block(&entry, &set);
    rs.s.old_mask = entry;
    start_init(&rs.s, rt, spec, opt);
    /* Also for a detached one: a failure after criu's end must be able to end and reap what it made. */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    r = gather(&rs, err);
    if (r >= 0)
        r = restore(&rs, err);
    if (r < 0)
        start_undo(&rs.s);
    else if (opt->detach)
        ret->code = 0;
    else
        r = start_wait_and_finish(&rs.s, &set, ret, err);
    sigprocmask(SIG_SETMASK, &entry, NULL);
    start_release(&rs.s);
    return r;
}
