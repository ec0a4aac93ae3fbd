// SPDX-License-Identifier: Apache-2.0
/* cli/oakum.c: the program `oakum`: its commands and its global options. */
#include "cli/commands.h"
#include "cli/hand_over.h"
#include "cli/paths.h"
#include "confine/rootless.h"
#include "sys/file.h"

static const struct command *const commands[] = {
    &cmd_run,
    &cmd_create,
    &cmd_start,
    &cmd_attach,
    &cmd_exec,
    &cmd_cp,
    &cmd_diff,
    &cmd_commit,
    &cmd_ps,
    &cmd_logs,
    &cmd_wait,
    &cmd_kill,
    &cmd_stop,
    &cmd_restart,
    &cmd_pause,
    &cmd_unpause,
    &cmd_rename,
    &cmd_update,
    &cmd_port,
    &cmd_network_reload,
    &cmd_top,
    &cmd_stats,
    &cmd_healthcheck_run,
    &cmd_rm,
    &cmd_container_prune,
    &cmd_inspect,
    &cmd_images,
    &cmd_import,
    &cmd_base,
    &cmd_tag,
    &cmd_rmi,
    &cmd_save,
    &cmd_load,
    &cmd_history,
    &cmd_export,
    &cmd_image_prune,
    &cmd_image_diff,
    &cmd_image_mount,
    &cmd_image_umount,
    &cmd_sbom,
    &cmd_scan,
    &cmd_db_build,
    &cmd_db_info,
    &cmd_verify,
    &cmd_trust_set,
    &cmd_trust_show,
    &cmd_pull,
    &cmd_push,
    &cmd_login,
    &cmd_logout,
    &cmd_search,
    &cmd_volume_create,
    &cmd_volume_ls,
    &cmd_volume_inspect,
    &cmd_volume_rm,
    &cmd_volume_prune,
    &cmd_secret_create,
    &cmd_secret_ls,
    &cmd_secret_inspect,
    &cmd_secret_rotate,
    &cmd_secret_rm,
    &cmd_manifest_create,
    &cmd_manifest_add,
    &cmd_manifest_annotate,
    &cmd_manifest_inspect,
    &cmd_manifest_push,
    &cmd_manifest_rm,
    &cmd_generate_systemd,
    &cmd_system_boot,
    &cmd_system_check,
    &cmd_system_df,
    &cmd_system_info,
    &cmd_system_shutdown,
    &cmd_version,
    &cmd_monitor_event,
    NULL,
};

/* docker's groups: the old command and the one in its group are the same. */
static const struct command_alias aliases[] = {
    { "info", "system info" },
    { "image ls", "images" },
    { "image list", "images" },
    { "image rm", "rmi" },
    { "image remove", "rmi" },
    { "image import", "import" },
    { "image unmount", "image umount" },
    { "container export", "export" },
    { "image tag", "tag" },
    { "image pull", "pull" },
    { "secret list", "secret ls" },
    { "volume list", "volume ls" },
    { "volume remove", "volume rm" },
    { "secret remove", "secret rm" },
    { "image push", "push" },
    { "image inspect", "inspect" },
    { "image save", "save" },
    { "image load", "load" },
    { "image history", "history" },
    { "container run", "run" },
    { "container attach", "attach" },
    { "container exec", "exec" },
    { "container cp", "cp" },
    { "container diff", "diff" },
    { "container commit", "commit" },
    { "container ls", "ps" },
    { "container list", "ps" },
    { "container ps", "ps" },
    { "container kill", "kill" },
    { "container stop", "stop" },
    { "container rm", "rm" },
    { "container create", "create" },
    { "container start", "start" },
    { "container restart", "restart" },
    { "container wait", "wait" },
    { "container pause", "pause" },
    { "container unpause", "unpause" },
    { "container rename", "rename" },
    { "container top", "top" },
    { "container update", "update" },
    { "container stats", "stats" },
    { "container logs", "logs" },
    { "container remove", "rm" },
    { "container inspect", "inspect" },
    { NULL, NULL },
};

struct globals {
    const char *root, *state, *log_level;
    bool debug, version;
};

#define F(field) OPTION_FIELD(struct globals, field)
static const struct cli_option options[] = {
    { "debug", 'D', OPT_FLAG, F(debug), NULL, "as --log-level debug", NULL },
    { "log-level", 0, OPT_TEXT, F(log_level), "LEVEL",
      "what to tell on standard error: error, warn (the default), info, debug", NULL },
    { "root", 0, OPT_TEXT, F(root), "DIR",
      "where images, containers and volumes are (/var/lib/oakum, $XDG_DATA_HOME/oakum for who is not root, or $OAKUM_ROOT)",
      NULL },
    { "state", 0, OPT_TEXT, F(state), "DIR",
      "where the state of running containers is (/run/oakum, $XDG_RUNTIME_DIR/oakum for who is not root, or $OAKUM_STATE)",
      NULL },
    { "version", 'v', OPT_FLAG, F(version), NULL, "show the version", NULL },
};

/* *kept lives as long as the program does. */
static const char *choose(const char *flag, const char *variable, const char *fallback, char **kept,
                          struct error *err)
{
    const char *value = flag != NULL ? flag : getenv(variable);
    if (str_empty(value) && flag == NULL)
        return fallback;
    return path_absolute(value, kept, err) == 0 ? *kept : NULL;
}

/* Where an ordinary user, or root of a user namespace, has what root has in /var/lib and /run. */
static int xdg_directories(const struct globals *g, char **root, char **state, struct error *err)
{
    bool ours = geteuid() != 0 || (getenv("XDG_RUNTIME_DIR") != NULL && rootless_inside());
    int r = 0;
    *root = *state = NULL;
    if (ours && g->root == NULL && str_empty(getenv("OAKUM_ROOT")))
        r = rootless_data_dir(root, err);
    if (ours && r == 0 && g->state == NULL && str_empty(getenv("OAKUM_STATE")))
        r = rootless_state_dir(state, err);
    return r;
}

/* Into the user namespace that all of this user's containers share. */
static int enter(const struct cli *cli)
{
    struct error err = { 0 };
    if (!rootless_user())
        return -1;
    int r = dir_make_all(AT_FDCWD, cli->state, 0700, &err);
    _cleanup_close_ int fd = r < 0 ? r : dir_open(AT_FDCWD, cli->state, &err);
    if (fd >= 0)
        r = dir_check_private(fd, cli->state, &err);
    if (r >= 0 && fd >= 0)
        r = rootless_enter_shared(fd, &err);
    return r < 0 || fd < 0 ? fail(cli, EXIT_OAKUM, &err) : -1;
}

static int begin(struct cli *cli, void *target)
{
    static char *kept_root, *kept_state, *xdg_root, *xdg_state;
    const struct globals *g = target;
    struct error err = { 0 };
    int level = g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN;
    if (g->version)
        return out_text("oakum " OAKUM_VERSION "\n");
    if (g->log_level != NULL && log_level_parse(g->log_level, &level) < 0)
        return fail_text(cli, 1, "--log-level must be error, warn, info or debug, not \"%s\"", g->log_level);
    log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, (enum log_level) level, "oakum");
    if (xdg_directories(g, &xdg_root, &xdg_state, &err) < 0)
        return fail(cli, EXIT_OAKUM, &err);
    cli->root = choose(g->root, "OAKUM_ROOT", xdg_root != NULL ? xdg_root : "/var/lib/oakum", &kept_root,
                       &err);
    cli->state = cli->root == NULL ? NULL
                                   : choose(g->state, "OAKUM_STATE",
                                            xdg_state != NULL ? xdg_state : "/run/oakum", &kept_state, &err);
    return cli->state != NULL ? -1 : fail(cli, 1, &err);
}

int oakum_main(int argc, char **argv)
{
    struct globals g = { 0 };
    const struct program p = {
        .name = "oakum",
        .summary = "Run sealed containers: nothing is granted that nobody asked for",
        .commands = commands,
        .aliases = aliases,
        .usage_status = EXIT_OAKUM,
        .globals = options,
        .n_globals = ARRAY_LEN(options),
        .begin = begin,
        .enter = enter,
        .target = &g,
    };
    return program_main(&p, argc, argv);
}
