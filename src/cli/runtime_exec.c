// SPDX-License-Identifier: Apache-2.0
/*
 * cli/runtime_exec.c: `oakum-runtime exec`. Without --process the process is the container's own with the differences that the
 * flags name. Users are numbers, read strictly: "1:" or " 1" is an error, never user 0 (CVE-2026-30892).
 */
#include <errno.h>

#include "base/parse.h"
#include "cli/runtime.h"
#include "sys/file.h"

#define PROCESS_MAX (16u << 20)

struct flags {
    const char *process, *cwd, *user, *console_socket, *pid_file, *apparmor, *label, *pidfd_socket;
    struct oci_strings env, gids, caps, cgroups;
    struct opt_bool no_new_privs;
    struct opt_i64 preserve_fds;
    bool tty, detach, ignore_paused;
};

#define F(field) OPTION_FIELD(struct flags, field)
// clang-format off
static const struct cli_option options[] = {
    { "additional-gids", 'g', OPT_LIST, F(gids), "GID", "another group", NULL },
    { "apparmor", 0, OPT_TEXT, F(apparmor), "PROFILE", "AppArmor profile", NULL },
    { "cap", 'c', OPT_LIST, F(caps), "NAME", "another capability", NULL },
    { "cgroup", 0, OPT_LIST, F(cgroups), "[CONTROLLER,...:]PATH", "run it in this cgroup below the container's, which must be there", NULL },
    { "console-socket", 0, OPT_TEXT, F(console_socket), "SOCKET", "send the terminal's master end to this socket", NULL },
    { "cwd", 0, OPT_TEXT, F(cwd), "DIR", "working directory in the container", NULL },
    { "detach", 'd', OPT_FLAG, F(detach), NULL, "return when the program has started", NULL },
    { "env", 'e', OPT_LIST, F(env), "NAME=VALUE", "set a variable", NULL },
    { "ignore-paused", 0, OPT_FLAG, F(ignore_paused), NULL, "of a paused container too; the program begins when it is resumed", NULL },
    { "no-new-privs", 0, OPT_TRI, F(no_new_privs), NULL, "set no_new_privs", NULL },
    { "no-subreaper", 0, OPT_NOTHING, 0, NULL, NULL, NULL },
    { "pid-file", 0, OPT_TEXT, F(pid_file), "FILE", "write the process's pid to a file", NULL },
    { "pidfd-socket", 0, OPT_TEXT, F(pidfd_socket), "SOCKET", "send a pidfd of the process to this socket", NULL },
    { "preserve-fds", 0, OPT_I64, F(preserve_fds), "N", "pass descriptors 3 to 2+N on", NULL },
    { "process", 'p', OPT_TEXT, F(process), "FILE", "the process as a JSON document", NULL },
    { "process-label", 0, OPT_TEXT, F(label), "LABEL", "SELinux label", NULL },
    { "tty", 't', OPT_FLAG, F(tty), NULL, "give it a terminal", NULL },
    { "user", 'u', OPT_TEXT, F(user), "UID[:GID]", "user and group by number", NULL },
};
// clang-format on

static int parse_user(const char *text, struct oci_user *u, struct error *err)
{
    const char *colon = strchr(text, ':');
    _cleanup_free_ char *uid = xstrndup(text, colon != NULL ? (size_t) (colon - text) : strlen(text));
    uint32_t n, g = u->gid;
    if (parse_u32(uid, &n) < 0 || n > 4294967294u ||
        (colon != NULL && (parse_u32(colon + 1, &g) < 0 || g > 4294967294u)))
        return error_set(err, -EINVAL, "--user must be UID or UID:GID in numbers, not \"%s\"", text);
    u->uid = n;
    u->gid = g;
    return 0;
}

static int add_gids(const struct flags *f, struct arena *a, struct oci_user *u, struct error *err)
{
    size_t n = u->n_additional_gids;
    u->additional_gids = arena_grow(a, u->additional_gids, n, n + f->gids.n, sizeof(uint32_t));
    for (size_t i = 0; i < f->gids.n; i++) {
        if (parse_u32(f->gids.v[i], &u->additional_gids[n + i]) < 0)
            return error_set(err, -EINVAL, "--additional-gids must be a number, not \"%s\"", f->gids.v[i]);
    }
    u->n_additional_gids = n + f->gids.n;
    return 0;
}

/* Bounding, effective and permitted; never inheritable (CVE-2022-24769 and its kin). */
static void add_caps(const struct flags *f, struct arena *a, struct oci_capabilities *c)
{
    struct oci_strings *const sets[] = { &c->bounding, &c->effective, &c->permitted };
    for (size_t s = 0; s < ARRAY_LEN(sets); s++) {
        struct oci_strings copy = { 0 };
        for (size_t i = 0; i < sets[s]->n; i++)
            oci_strings_add(a, &copy, sets[s]->v[i]);
        for (size_t i = 0; i < f->caps.n; i++) {
            if (!oci_strings_has(&copy, f->caps.v[i]))
                oci_strings_add(a, &copy, f->caps.v[i]);
        }
        *sets[s] = copy;
    }
    c->set = c->set || f->caps.n > 0;
}

static void add_env(struct arena *a, struct oci_strings *env, const struct oci_strings *more)
{
    struct oci_strings out = { 0 };
    for (size_t i = 0; i < env->n; i++) {
        size_t n = strcspn(env->v[i], "=") + 1;
        bool replaced = false;
        for (size_t k = 0; k < more->n; k++)
            replaced = replaced || strncmp(env->v[i], more->v[k], n) == 0;
        if (!replaced)
            oci_strings_add(a, &out, env->v[i]);
    }
    for (size_t k = 0; k < more->n; k++)
        oci_strings_add(a, &out, more->v[k]);
    *env = out;
}

static int from_flags(const struct flags *f, const struct oci_spec *spec, int words, char **argv,
                      struct oci_process *ret, struct error *err)
{
    struct oci_process p = spec->process;
    struct arena *a = spec->arena;
    if (words < 2)
        return error_set(err, -EINVAL, "name a program to execute, or give --process");
    p.set = true;
    p.terminal = f->tty;
    p.args = (struct oci_strings){ 0 };
    for (int i = 2; i <= words; i++)
        oci_strings_add(a, &p.args, argv[i]);
    if (f->cwd != NULL)
        p.cwd = f->cwd;
    if (f->apparmor != NULL)
        p.apparmor_profile = f->apparmor;
    if (f->label != NULL)
        p.selinux_label = f->label;
    if (f->no_new_privs.set)
        p.no_new_privileges = f->no_new_privs.v;
    add_env(a, &p.env, &f->env);
    if (f->caps.n > 0)
        add_caps(f, a, &p.capabilities);
    int r = f->user != NULL ? parse_user(f->user, &p.user, err) : 0;
    if (r == 0)
        r = add_gids(f, a, &p.user, err);
    if (r == 0)
        *ret = p;
    return r;
}

static int from_file(const char *path, struct arena *a, struct oci_process *ret, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(AT_FDCWD, path, PROCESS_MAX, &text, &len, err);
    if (r == 0)
        r = oci_process_parse(text, len, a, ret, err);
    return r < 0 ? error_context(err, r, "--process") : 0;
}

static int run(const struct cli *cli, struct flags *f, int words, char **argv)
{
    struct error err = { 0 };
    struct container_exit end = { 0 };
    struct oci_process process;
    _cleanup_runtime_ struct runtime *rt = NULL;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    if (f->preserve_fds.set && (f->preserve_fds.v < 0 || f->preserve_fds.v > 65536))
        return fail_text(cli, 1, "--preserve-fds must be from 0 to 65536");
    int status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    int r = container_spec(rt, argv[1], &spec, &err);
    if (r == 0)
        r = runtime_enter(rt, argv[1], &err);
    if (r == 0)
        r = runtime_protect(spec, &err);
    if (r == 0)
        r = f->process != NULL ? from_file(f->process, spec->arena, &process, &err)
                               : from_flags(f, spec, words, argv, &process, &err);
    struct exec_options opt = {
        .spec = spec,
        .pid_file = f->pid_file,
        .console_socket = f->console_socket,
        .pidfd_socket = f->pidfd_socket,
        .cgroups = f->cgroups,
        .preserve_fds = (unsigned) f->preserve_fds.v,
        .detach = f->detach,
        .ignore_paused = f->ignore_paused,
    };
    if (r == 0 && f->process != NULL && f->tty)
        process.terminal = true;
    if (r == 0)
        r = container_exec(rt, argv[1], &process, &opt, &end, &err);
    if (r < 0)
        return fail(cli, end.exec_failed ? end.code : 1, &err);
    return end.code;
}

static int exec_main(const struct cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, -1, &words);
    return status >= 0 ? status : run(cli, &f, words, argv);
}

const struct command runtime_exec = {
    .name = "exec",
    .synopsis = "[OPTIONS] ID [PROGRAM [ARG...]]",
    .summary = "Execute another program in a running container",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_STOP,
    .run = exec_main,
};
