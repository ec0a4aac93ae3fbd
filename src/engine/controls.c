// SPDX-License-Identifier: Apache-2.0
/*
 * engine/controls.c: one row a control: its key, how to say its value, how to relax it. A row that is missing here is a control
 * that nobody can see, so tests compare the keys that spec_*.c sets with this table.
 */
#include "engine/controls.h"
#include "engine/spec_build.h"

#include "base/secret_rules.h"
#include "base/strbuf.h"
#include "confine/capabilities.h"
#include "confine/landlock.h"
#include "engine/secrets.h"

struct view {
    struct arena *a;
    const struct oci_spec *s;
    struct strbuf text;
};

static void list_words(struct strbuf *out, const struct oci_strings *l, size_t most)
{
    for (size_t i = 0; i < l->n && i < most; i++)
        strbuf_addf(out, "%s%s", i > 0 ? " " : "", l->v[i]);
    if (l->n > most)
        strbuf_addf(out, " and %zu more", l->n - most);
}

static void size_words(struct strbuf *out, int64_t bytes)
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    size_t u = 0;
    while (u + 1 < ARRAY_LEN(units) && bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        u++;
    }
    strbuf_addf(out, "%lld %s", (long long) bytes, units[u]);
}

static void show_user(struct view *v)
{
    const struct oci_user *u = &v->s->process.user;
    strbuf_addf(&v->text, "%u:%u", u->uid, u->gid);
    for (size_t i = 0; i < u->n_additional_gids; i++) {
        if (u->additional_gids[i] != u->gid)
            strbuf_addf(&v->text, " +%u", u->additional_gids[i]);
    }
}

static void show_userns(struct view *v)
{
    const struct oci_namespace *ns = &v->s->linux_.namespaces[OCI_NS_USER];
    const struct oci_id_maps *m = &v->s->linux_.uid_mappings;
    if (!ns->set)
        strbuf_adds(&v->text, "the host's");
    else if (ns->path != NULL && m->n == 0)
        strbuf_addf(&v->text, "joined: %s", ns->path);
    else if (m->n > 0)
        strbuf_addf(&v->text, "%s%s: ids 0-%u are the host's %u-%u", ns->path != NULL ? "joined: " : "own",
                    ns->path != NULL ? ns->path : "", m->v[0].size - 1, m->v[0].host_id,
                    m->v[0].host_id + m->v[0].size - 1);
}

static void show_caps(struct view *v)
{
    const struct oci_strings *l = &v->s->process.capabilities.bounding;
    if (l->n == 0)
        strbuf_adds(&v->text, "none");
    else
        list_words(&v->text, l, 64);
}

static void show_nnp(struct view *v)
{
    strbuf_adds(&v->text, v->s->process.no_new_privileges ? "on" : "off");
}

static void show_seccomp(struct view *v)
{
    const struct oci_seccomp *s = &v->s->linux_.seccomp;
    size_t allowed = 0;
    if (!s->set) {
        strbuf_adds(&v->text, "off");
        return;
    }
    for (size_t i = 0; i < s->n_rules; i++)
        allowed += s->rules[i].action == OCI_ACT_ALLOW ? s->rules[i].names.n : 0;
    strbuf_addf(&v->text, "%s by default, %zu calls allowed", oci_seccomp_action_name(s->default_action),
                allowed);
}

static void show_landlock(struct view *v)
{
    const char *on = oci_pairs_get(&v->s->annotations, ANNOTATION_LANDLOCK);
    strbuf_adds(&v->text, on != NULL ? on : "off");
}

/* The names only: values are nobody's business. */
static void show_environment(struct view *v)
{
    const struct oci_strings *env = &v->s->process.env;
    for (size_t i = 0; i < env->n; i++) {
        size_t n = strcspn(env->v[i], "=");
        if (env->v[i][n] == '=' && secret_in_variable(env->v[i], n, env->v[i] + n + 1) != NULL)
            strbuf_addf(&v->text, "%s%.*s",
                        v->text.len > 0 ? ", " : "secrets: ", (int) MIN_OF(n, (size_t) 128), env->v[i]);
    }
    if (v->text.len == 0)
        strbuf_adds(&v->text, "no secrets");
}

static void show_secrets(struct view *v)
{
    bool any = false;
    for (size_t i = 0; i < v->s->n_mounts; i++)
        any = any || (v->s->mounts[i].source != NULL && str_eq(v->s->mounts[i].source, SECRETS_SOURCE));
    strbuf_adds(&v->text, any ? "files in " SECRETS_TARGET : "none");
}

static void show_root(struct view *v)
{
    strbuf_adds(&v->text, v->s->root_readonly ? "read-only" : "writable");
}

static bool option_given(const struct oci_mount *m, const char *option)
{
    for (size_t i = 0; i < m->options.n; i++) {
        if (str_eq(m->options.v[i], option))
            return true;
    }
    return false;
}

static void show_tmpfs(struct view *v)
{
    for (size_t i = 0; i < v->s->n_mounts; i++) {
        const struct oci_mount *m = &v->s->mounts[i];
        if (m->type == NULL || !str_eq(m->type, "tmpfs") || str_after(m->destination, "/dev") != NULL)
            continue;
        strbuf_addf(&v->text, "%s%s (", v->text.len > 0 ? ", " : "", m->destination);
        list_words(&v->text, &m->options, 64);
        strbuf_adds(&v->text, ")");
    }
    if (v->text.len == 0)
        strbuf_adds(&v->text, "none");
}

static void show_volumes(struct view *v)
{
    for (size_t i = 0; i < v->s->n_mounts; i++) {
        const struct oci_mount *m = &v->s->mounts[i];
        if (m->type == NULL || !str_eq(m->type, "bind") || str_eq(m->destination, "/"))
            continue;
        bool ro = option_given(m, "ro") || option_given(m, "rro");
        bool noexec = option_given(m, "noexec") || option_given(m, "rnoexec");
        strbuf_addf(&v->text, "%s%s from %s (%s, %s)", v->text.len > 0 ? ", " : "", m->destination, m->source,
                    ro ? "read-only" : "WRITABLE", noexec ? "noexec" : "exec");
    }
    if (v->text.len == 0)
        strbuf_adds(&v->text, "none");
}

static void show_namespace(struct view *v, enum oci_namespace_kind kind)
{
    const struct oci_namespace *ns = &v->s->linux_.namespaces[kind];
    if (!ns->set)
        strbuf_adds(&v->text, "the host's");
    else if (ns->path != NULL)
        strbuf_addf(&v->text, "joined: %s", ns->path);
    else
        strbuf_adds(&v->text, kind != OCI_NS_NETWORK ? "own"
                              : network_is_bridge(oci_pairs_get(&v->s->annotations, ANNOTATION_NETWORK))
                                  ? "own, outgoing traffic and published ports"
                                  : "own, without any connection");
}

static void show_network(struct view *v)
{
    show_namespace(v, OCI_NS_NETWORK);
}

static void show_pid(struct view *v)
{
    show_namespace(v, OCI_NS_PID);
}

static void show_ipc(struct view *v)
{
    show_namespace(v, OCI_NS_IPC);
}

static void show_uts(struct view *v)
{
    show_namespace(v, OCI_NS_UTS);
}

static void show_cgroupns(struct view *v)
{
    show_namespace(v, OCI_NS_CGROUP);
}

static void show_sysctls(struct view *v)
{
    const struct oci_pairs *p = &v->s->linux_.sysctl;
    for (size_t i = 0; i < p->n; i++)
        strbuf_addf(&v->text, "%s%s=%s", i > 0 ? " " : "", p->v[i].key, p->v[i].value);
    if (p->n == 0)
        strbuf_adds(&v->text, "none");
}

static void show_memory(struct view *v)
{
    const struct oci_memory *m = &v->s->linux_.resources.memory;
    if (m->limit.set && m->limit.v > 0)
        size_words(&v->text, m->limit.v);
    else
        strbuf_adds(&v->text, "no limit");
}

static void show_swap(struct view *v)
{
    const struct oci_memory *m = &v->s->linux_.resources.memory;
    if (!m->swap.set || m->swap.v < 0)
        strbuf_adds(&v->text, "no limit");
    else if (m->swap.v == m->limit.v)
        strbuf_adds(&v->text, "none");
    else
        size_words(&v->text, m->swap.v - m->limit.v);
}

static void show_pids(struct view *v)
{
    const struct opt_i64 *p = &v->s->linux_.resources.pids_limit;
    if (p->set && p->v > 0)
        strbuf_addf(&v->text, "%lld", (long long) p->v);
    else
        strbuf_adds(&v->text, "no limit");
}

static void rlimit_words(struct view *v, const char *type)
{
    for (size_t i = 0; i < v->s->process.n_rlimits; i++) {
        const struct oci_rlimit *r = &v->s->process.rlimits[i];
        if (!str_eq(r->type, type))
            continue;
        if (r->soft == UINT64_MAX)
            strbuf_adds(&v->text, "no limit");
        else
            strbuf_addf(&v->text, "%llu", (unsigned long long) r->soft);
        return;
    }
    strbuf_adds(&v->text, "as the host's");
}

static void show_files(struct view *v)
{
    rlimit_words(v, "RLIMIT_NOFILE");
}

static void show_core(struct view *v)
{
    rlimit_words(v, "RLIMIT_CORE");
}

static void show_cpu(struct view *v)
{
    const struct oci_cpu *c = &v->s->linux_.resources.cpu;
    if (c->quota.set && c->quota.v > 0)
        strbuf_addf(&v->text, "%lld of every %llu microseconds ", (long long) c->quota.v,
                    (unsigned long long) (c->period.set ? c->period.v : 100000));
    if (c->shares.set)
        strbuf_addf(&v->text, "shares %llu ", (unsigned long long) c->shares.v);
    if (c->cpus != NULL)
        strbuf_addf(&v->text, "on CPUs %s ", c->cpus);
    if (c->mems != NULL)
        strbuf_addf(&v->text, "on nodes %s ", c->mems);
    if (v->text.len == 0)
        strbuf_adds(&v->text, "an equal share");
    else
        v->text.buf[--v->text.len] = '\0';
}

static void show_io(struct view *v)
{
    const struct oci_block_io *io = &v->s->linux_.resources.block_io;
    size_t n = io->read_bps.n + io->write_bps.n + io->read_iops.n + io->write_iops.n;
    if (io->weight.set)
        strbuf_addf(&v->text, "weight %u%s", io->weight.v, n > 0 ? ", " : "");
    if (n > 0)
        strbuf_addf(&v->text, "%zu limits", n);
    if (v->text.len == 0)
        strbuf_adds(&v->text, "an equal share");
}

static void show_devices(struct view *v)
{
    const struct oci_resources *r = &v->s->linux_.resources;
    for (size_t i = 0; i < r->n_devices; i++) {
        if (r->devices[i].allow && (r->devices[i].type == NULL || str_eq(r->devices[i].type, "a"))) {
            strbuf_adds(&v->text, "ALL");
            return;
        }
    }
    strbuf_adds(&v->text, "null zero full random urandom tty ptmx pts");
    for (size_t i = 0; i < v->s->linux_.n_devices; i++)
        strbuf_addf(&v->text, " %s", v->s->linux_.devices[i].path);
}

static void show_kernel_files(struct view *v)
{
    const struct oci_linux *l = &v->s->linux_;
    strbuf_addf(&v->text, "%zu paths hidden, %zu read-only", l->masked_paths.n, l->readonly_paths.n);
}

static void show_apparmor(struct view *v)
{
    strbuf_adds(&v->text, v->s->process.apparmor_profile != NULL ? v->s->process.apparmor_profile : "none");
}

static void show_selinux(struct view *v)
{
    strbuf_adds(&v->text, v->s->process.selinux_label != NULL ? v->s->process.selinux_label : "none");
}

static void show_cgroup(struct view *v)
{
    strbuf_adds(&v->text, v->s->linux_.cgroups_path != NULL ? v->s->linux_.cgroups_path : "");
}

static void show_shm(struct view *v)
{
    for (size_t i = 0; i < v->s->n_mounts; i++) {
        const struct oci_mount *m = &v->s->mounts[i];
        if (!str_eq(m->destination, "/dev/shm"))
            continue;
        if (m->type != NULL && !str_eq(m->type, "tmpfs") && v->s->linux_.namespaces[OCI_NS_IPC].path != NULL)
            strbuf_addf(&v->text, "joined: %s", m->source);
        else if (m->type != NULL && !str_eq(m->type, "tmpfs"))
            strbuf_adds(&v->text, "the host's");
        else
            list_words(&v->text, &m->options, 64);
        return;
    }
    strbuf_adds(&v->text, "none");
}

static void show_oom(struct view *v)
{
    if (v->s->process.oom_score_adj.set)
        strbuf_addf(&v->text, "%lld", (long long) v->s->process.oom_score_adj.v);
    else
        strbuf_adds(&v->text, "as oakum's own");
}

static void show_propagation(struct view *v)
{
    strbuf_adds(&v->text,
                v->s->linux_.rootfs_propagation != NULL ? v->s->linux_.rootfs_propagation : "private");
}

static const struct {
    const char *key;
    void (*show)(struct view *v);
    const char *relax;
} table[] = {
    { "user", show_user, "--user 0" },
    { "user-namespace", show_userns, "--userns host" },
    { "capabilities", show_caps, "--cap-add NAME" },
    { "no-new-privileges", show_nnp, "--security-opt no-new-privileges=false" },
    { "seccomp", show_seccomp, "--security-opt seccomp=FILE" },
    { "landlock", show_landlock, "--security-opt landlock=off" },
    { "apparmor", show_apparmor, "" },
    { "selinux", show_selinux, "" },
    { "environment", show_environment, "--env-secret-ok" },
    { "secrets", show_secrets, "--secret NAME" },
    { "root", show_root, "--read-only=false" },
    { "tmpfs", show_tmpfs, "--tmpfs PATH:OPTIONS" },
    { "volumes", show_volumes, "-v SOURCE:TARGET:rw,exec" },
    { "propagation", show_propagation, "-v SOURCE:TARGET:rslave" },
    { "shm", show_shm, "--shm-size SIZE" },
    { "network", show_network, "--network host" },
    { "pid", show_pid, "--pid host" },
    { "ipc", show_ipc, "--ipc host" },
    { "uts", show_uts, "--uts host" },
    { "cgroup-namespace", show_cgroupns, "" },
    { "sysctls", show_sysctls, "--sysctl NAME=VALUE" },
    { "memory", show_memory, "--memory SIZE" },
    { "swap", show_swap, "--memory-swap SIZE" },
    { "processes", show_pids, "--pids-limit N" },
    { "files", show_files, "--ulimit nofile=N" },
    { "core-dumps", show_core, "--ulimit core=N" },
    { "cpu", show_cpu, "--cpus N" },
    { "io", show_io, "--blkio-weight N" },
    { "oom-score-adj", show_oom, "--oom-score-adj N" },
    { "devices", show_devices, "--device PATH" },
    { "kernel-files", show_kernel_files, "--security-opt unmask=PATH" },
    { "cgroup", show_cgroup, "--cgroup-parent PATH" },
};

void controls_list(struct arena *a, const struct oci_spec *spec, const struct oci_pairs *sources,
                   struct control **ret, size_t *ret_n)
{
    struct control *out = arena_array(a, ARRAY_LEN(table), sizeof(*out));
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct view v = { .a = a, .s = spec, .text = STRBUF_INIT };
        table[i].show(&v);
        const char *source = oci_pairs_get(sources, table[i].key);
        out[i] = (struct control){
            .name = table[i].key,
            .value = arena_strdup(a, v.text.buf),
            .source = source != NULL ? arena_strdup(a, source) : "default",
            .relax = table[i].relax,
        };
        strbuf_free(&v.text);
    }
    *ret = out;
    *ret_n = ARRAY_LEN(table);
}
