// SPDX-License-Identifier: Apache-2.0
/* cli/runtime.c: global options of `oakum-runtime`, as engines pass them. */
#include "cli/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cli/paths.h"
#include "confine/rootless.h"
#include "sys/file.h"

static const struct command *const commands[] = {
    &runtime_checkpoint, &runtime_create,  &runtime_delete,
    &runtime_events,     &runtime_exec,    &runtime_features,
    &runtime_kill,       &runtime_list,    &runtime_pause,
    &runtime_ps,         &runtime_restore, &runtime_resume,
    &runtime_run,        &runtime_spec,    &runtime_start,
    &runtime_state,      &runtime_update,  NULL,
};

struct runtime_globals runtime_globals;

#define F(field) OPTION_FIELD(struct runtime_globals, field)
// clang-format off
static const struct cli_option options[] = {
    { "cgroup-manager", 0, OPT_TEXT, F(cgroup_manager), "MANAGER", "who makes cgroups: cgroupfs (oakum-runtime itself), systemd, or disabled: nobody", NULL },
    { "criu", 0, OPT_TEXT, F(criu), "PROGRAM", "the criu program that checkpoint and restore use (criu in PATH)", NULL },
    { "debug", 0, OPT_FLAG, F(debug), NULL, "as --log-level debug", NULL },
    { "log", 0, OPT_TEXT, F(log), "FILE", "write errors and warnings to a file as well; also file:PATH, syslog:NAME or journald:NAME", NULL },
    { "log-format", 0, OPT_TEXT, F(log_format), "FORMAT", "text or json", NULL },
    { "log-level", 0, OPT_TEXT, F(log_level), "LEVEL", "error, warning, info or debug", NULL },
    { "root", 0, OPT_TEXT, F(root), "DIR", "where the state of containers is (/run/oakum, or $XDG_RUNTIME_DIR/oakum for who is not root)", NULL },
    { "rootless", 0, OPT_TEXT, F(rootless), "MODE", "whether what only the host's root can give may be missing: auto, true or false", NULL },
    { "systemd-cgroup", 0, OPT_FLAG, F(systemd_cgroup), NULL, "as --cgroup-manager systemd", NULL },
    { "version", 'v', OPT_FLAG, F(version), NULL, "show the version", NULL },
    { "version", 'V', OPT_FLAG, F(version), NULL, NULL, NULL },
};
// clang-format on

/* A datagram socket of the system's log, one message a datagram. */
static int connect_log(const char *path, struct error *err)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    memcpy(addr.sun_path, path, strlen(path) + 1);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *) &addr, sizeof(addr)) < 0)
        return error_errno(err, -errno, "--log: cannot connect to %s", path);
    return TAKE_FD(fd);
}

static int open_log(struct cli *cli, const struct runtime_globals *g, bool json, enum log_level level)
{
    static const struct {
        const char *prefix, *socket;
        enum log_format format;
    } systems[] = { { "syslog:", "/dev/log", LOG_FORMAT_SYSLOG },
                    { "journald:", "/run/systemd/journal/socket", LOG_FORMAT_JOURNAL } };
    struct error err = { 0 };
    enum log_format format = json ? LOG_FORMAT_JSON : LOG_FORMAT_LOGFMT;
    const char *path = str_after(g->log, "file:") ?: g->log, *name = NULL, *socket_path = NULL;
    for (size_t i = 0; i < ARRAY_LEN(systems) && name == NULL; i++) {
        name = str_after(g->log, systems[i].prefix);
        socket_path = systems[i].socket;
        format = name != NULL ? systems[i].format : format;
    }
    int fd = name != NULL ? connect_log(socket_path, &err)
                          : file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0600, &err);
    if (fd < 0)
        return fail(cli, 1, &err);
    /* The descriptor stays open until the program ends. */
    log_setup(fd, format, level, str_empty(name) ? "oakum-runtime" : name);
    cli->errors = ERRORS_BOTH;
    return -1;
}

static int set_rootless(const struct cli *cli, const char *word)
{
    static const char *const words[] = {
        [ROOTLESS_AUTO] = "auto", [ROOTLESS_ALWAYS] = "true", [ROOTLESS_NEVER] = "false"
    };
    for (size_t i = 0; word != NULL && i < ARRAY_LEN(words); i++) {
        if (str_eq(word, words[i])) {
            rootless_set_mode((enum rootless_mode) i);
            return -1;
        }
    }
    return word == NULL ? -1 : fail_text(cli, 1, "--rootless must be auto, true or false, not \"%s\"", word);
}

/* Root's is the same whatever the environment says; root of a user namespace has no other that is its own. */
static int default_root(char **ret, struct error *err)
{
    bool ours = getauxval(AT_EUID) != 0 || (getenv("XDG_RUNTIME_DIR") != NULL && rootless_inside());
    if (ours)
        return rootless_state_dir(ret, err);
    *ret = xstrdup("/run/oakum");
    return 0;
}

static int begin(struct cli *cli, void *target)
{
    struct runtime_globals *g = target;
    int level = g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN;
    bool json = g->log_format != NULL && str_eq(g->log_format, "json");
    if (g->version)
        return out_text("oakum-runtime version " OAKUM_VERSION "\nspec: " OCI_VERSION_MAX "\n");
    if (g->log_level != NULL && log_level_parse(g->log_level, &level) < 0)
        return fail_text(cli, 1, "--log-level must be error, warning, info or debug, not \"%s\"",
                         g->log_level);
    if (g->log_format != NULL && !json && !str_eq(g->log_format, "text"))
        return fail_text(cli, 1, "--log-format must be text or json, not \"%s\"", g->log_format);
    log_setup(STDERR_FILENO, json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT, (enum log_level) level,
              "oakum-runtime");
    cli->errors = json ? ERRORS_LOGGED : ERRORS_PRINTED;
    if (!str_empty(g->log)) {
        int status = open_log(cli, g, json, (enum log_level) level);
        if (status >= 0)
            return status;
    }
    if (g->cgroup_manager != NULL && !str_eq(g->cgroup_manager, "cgroupfs") &&
        !str_eq(g->cgroup_manager, "systemd") && !str_eq(g->cgroup_manager, "disabled"))
        return fail_text(cli, 1, "--cgroup-manager must be cgroupfs, systemd or disabled, not \"%s\"",
                         g->cgroup_manager);
    if (g->cgroup_manager != NULL && str_eq(g->cgroup_manager, "systemd"))
        g->systemd_cgroup = true;
    int status = set_rootless(cli, g->rootless);
    if (status >= 0)
        return status;
    return -1;
}

int runtime_begin(const struct cli *cli, struct runtime **ret)
{
    struct error err = { 0 };
    _cleanup_free_ char *absolute = NULL;
    int r = runtime_globals.root != NULL ? path_absolute(runtime_globals.root, &absolute, &err)
                                         : default_root(&absolute, &err);
    if (r == 0)
        r = runtime_open(absolute, ret, &err);
    else if (runtime_globals.root != NULL)
        error_context(&err, r, "--root");
    return r < 0 ? fail(cli, 1, &err) : 0;
}

int oakum_runtime_main(int argc, char **argv)
{
#ifdef __GLIBC__ /* musl has no such setting */
    /* The program is short-lived and its memory small: giving some of it back costs more system calls than it is worth. */
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
    const struct program p = {
        .name = "oakum-runtime",
        .summary = "Run containers from OCI bundles",
        .commands = commands,
        .globals = options,
        .n_globals = ARRAY_LEN(options),
        .begin = begin,
        .target = &runtime_globals,
    };
    return program_main(&p, argc, argv);
}
