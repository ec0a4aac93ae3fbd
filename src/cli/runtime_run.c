// SPDX-License-Identifier: Apache-2.0
/*
 * cli/runtime_run.c: `oakum-runtime run` and `create`. config.json is opened and read once: what was checked is what is
 * enforced and what is kept.
 */
#include <errno.h>

#include "base/parse.h"
#include "cli/paths.h"
#include "cli/runtime.h"
#include "confine/cgroup.h"
#include "sys/file.h"

#define CONFIG_MAX (64u << 20)

struct flags {
    const char *bundle, *config, *console_socket, *pid_file, *pidfd_socket;
    struct opt_i64 preserve_fds;
    bool no_pivot, no_new_keyring, detach, keep;
};

#define F(field) OPTION_FIELD(struct flags, field)
#define COMMON                                                                                                 \
    { "bundle", 'b', OPT_TEXT, F(bundle), "DIR", "the bundle (the current directory)", NULL },                 \
        { "config", 'f', OPT_TEXT, F(config), "FILE", "configuration in place of the bundle's config.json",    \
          NULL },                                                                                              \
        { "console-socket",                                                                                    \
          0,                                                                                                   \
          OPT_TEXT,                                                                                            \
          F(console_socket),                                                                                   \
          "SOCKET",                                                                                            \
          "send the terminal's master end to this socket",                                                     \
          NULL },                                                                                              \
        { "no-new-keyring", 0, OPT_FLAG, F(no_new_keyring), NULL, "keep the caller's session keyring", NULL }, \
        { "no-pivot",  0,    OPT_FLAG,                                                                         \
          F(no_pivot), NULL, "move the root instead of pivot_root, for a root on a ramdisk",                   \
          NULL },                                                                                              \
        { "no-subreaper", 0, OPT_NOTHING, 0, NULL, NULL, NULL },                                               \
        { "pid-file", 0, OPT_TEXT, F(pid_file), "FILE", "write the first process's pid to a file", NULL },     \
        { "pidfd-socket",                                                                                      \
          0,                                                                                                   \
          OPT_TEXT,                                                                                            \
          F(pidfd_socket),                                                                                     \
          "SOCKET",                                                                                            \
          "send a pidfd of the first process to this socket",                                                  \
          NULL },                                                                                              \
    {                                                                                                          \
        "preserve-fds", 0, OPT_I64, F(preserve_fds), "N", "pass descriptors 3 to 2+N on", NULL                 \
    }

static const struct cli_option create_options[] = { COMMON };
static const struct cli_option run_options[] = {
    COMMON,
    { "detach", 'd', OPT_FLAG, F(detach), NULL, "return when the program has started", NULL },
    { "keep", 0, OPT_FLAG, F(keep), NULL, "keep the container when its program has ended", NULL },
};

int runtime_read_config(const char *config, const char *bundle, char **ret_text, struct oci_spec **ret,
                        struct error *err)
{
    size_t len;
    _cleanup_free_ char *path = config != NULL ? xstrdup(config) : xasprintf("%s/config.json", bundle);
    int r = file_read(AT_FDCWD, path, CONFIG_MAX, ret_text, &len, err);
    if (r < 0)
        return r;
    r = oci_spec_parse(*ret_text, len, ret, err);
    if (r < 0) { /* what is no JSON is called config.json already: the path says more */
        const struct error e = *err;
        return error_set(err, r, "%s: %s", path, str_after(e.msg, "config.json: ") ?: e.msg);
    }
    cgroup_allow_default_devices(&(*ret)->linux_.resources, (*ret)->arena);
    return 0;
}

/*
 * LISTEN_FDS of socket activation counts as descriptors to be passed, as in runc; but only where LISTEN_PID says that it is meant for
 * us (sd_listen_fds(3)): left over from somebody else's start, it would name descriptors that happen to be open.
 * They come in front of --preserve-fds, and the program, which is process 1 of its namespace, is told of them.
 */
static unsigned count_fds(const struct flags *f, struct oci_spec *spec)
{
    uint32_t listen = 0;
    const char *text = getenv("LISTEN_FDS"), *whose = getenv("LISTEN_PID");
    uint32_t pid = 0;
    bool ours = whose != NULL && parse_u32(whose, &pid) == 0 && pid == (uint32_t) getpid();
    if (!ours || text == NULL || parse_u32(text, &listen) < 0 || listen > 65536)
        listen = 0;
    if (listen > 0) {
        _cleanup_free_ char *env = xasprintf("LISTEN_FDS=%u", listen);
        oci_strings_add(spec->arena, &spec->process.env, env);
        oci_strings_add(spec->arena, &spec->process.env, "LISTEN_PID=1");
    }
    return (unsigned) f->preserve_fds.v + listen;
}

/*
 * sd_notify(3): who was started by a service manager tells it when the container is ready, as runc and crun do. A document that names
 * a socket itself (podman's, whose monitor listens) is left as it is.
 */
static const char *notify_socket(struct oci_spec *spec)
{
    const char *manager = getenv("NOTIFY_SOCKET");
    if (str_empty(manager))
        return NULL;
    for (size_t i = 0; i < spec->process.env.n; i++)
        if (str_after(spec->process.env.v[i], "NOTIFY_SOCKET="))
            return NULL;
    oci_strings_add(spec->arena, &spec->process.env, "NOTIFY_SOCKET=" NOTIFY_PATH);
    return manager;
}

static int start(const struct cli *cli, struct flags *f, bool run, const char *id)
{
    struct error err = { 0 };
    struct container_exit end = { 0 };
    _cleanup_free_ char *bundle = NULL, *text = NULL;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    _cleanup_runtime_ struct runtime *rt = NULL;
    struct container_options opt = {
        .systemd_cgroup = runtime_globals.systemd_cgroup,
        .id = id,
        .pid_file = f->pid_file,
        .console_socket = f->console_socket,
        .pidfd_socket = f->pidfd_socket,
        .no_pivot = f->no_pivot,
        .no_new_keyring = f->no_new_keyring,
        .keep = f->keep,
        .detach = f->detach,
        .last_call = true,
        .no_cgroup = runtime_globals.cgroup_manager != NULL &&
                     str_eq(runtime_globals.cgroup_manager, "disabled"),
    };
    int r = path_absolute(f->bundle != NULL ? f->bundle : ".", &bundle, &err);
    if (r == 0)
        r = runtime_read_config(f->config, bundle, &text, &spec, &err);
    if (r == 0)
        r = runtime_protect(spec, &err);
    if (r < 0 || spec == NULL)
        return fail(cli, 1, &err);
    opt.preserve_fds = count_fds(f, spec);
    opt.notify_socket = notify_socket(spec);
    opt.bundle = bundle;
    opt.config_text = text;
    int status = runtime_begin(cli, &rt);
    if (status != 0)
        return status;
    r = run ? container_run(rt, spec, &opt, &end, &err) : container_create(rt, spec, &opt, &err);
    if (r < 0)
        return fail(cli, end.exec_failed ? end.code : 1, &err);
    return end.code;
}

static int main_of(const struct cli *cli, int argc, char **argv, bool run)
{
    struct flags f = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, 1, &words);
    if (status >= 0)
        return status;
    if (f.preserve_fds.set && (f.preserve_fds.v < 0 || f.preserve_fds.v > 65536))
        return fail_text(cli, 1, "--preserve-fds must be from 0 to 65536");
    return start(cli, &f, run, argv[1]);
}

static int run_main(const struct cli *cli, int argc, char **argv)
{
    return main_of(cli, argc, argv, true);
}

static int create_main(const struct cli *cli, int argc, char **argv)
{
    return main_of(cli, argc, argv, false);
}

const struct command runtime_run = {
    .name = "run",
    .synopsis = "[OPTIONS] ID",
    .summary = "Create a container, start it, wait for its end and delete it",
    .details =
        "With NOTIFY_SOCKET in the environment (a systemd unit of Type=notify) the program gets a socket of its own at "
        "/run/notify, and when it says READY=1 there (sd_notify(3)), the service manager is told that the container is ready; "
        "with --detach, run returns then. The same holds for create followed by start, which waits. A "
        "NOTIFY_SOCKET in the configuration is left as it is.",
    .options = run_options,
    .n_options = ARRAY_LEN(run_options),
    .run = run_main,
};

const struct command runtime_create = {
    .name = "create",
    .synopsis = "[OPTIONS] ID",
    .summary = "Create a container that waits for start",
    .options = create_options,
    .n_options = ARRAY_LEN(create_options),
    .run = create_main,
};
