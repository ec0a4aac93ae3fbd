// SPDX-License-Identifier: Apache-2.0
/* cli/oakum.c: the program `oakum`: its commands and its global options. */
#include "cli/commands.h"
#include "cli/hand_over.h"
#include "cli/paths.h"

static const struct command *const commands[] = {
    &cmd_run,
    &cmd_exec,
    &cmd_ps,
    &cmd_kill,
    &cmd_stop,
    &cmd_rm,
    &cmd_inspect,
    &cmd_images,
    &cmd_import,
    &cmd_base,
    &cmd_tag,
    &cmd_rmi,
    &cmd_save,
    &cmd_load,
    &cmd_history,
    &cmd_image_prune,
    &cmd_pull,
    &cmd_push,
    &cmd_login,
    &cmd_logout,
    &cmd_search,
    &cmd_manifest_inspect,
    &cmd_system_info,
    &cmd_version,
    NULL,
};

/* docker's groups: the old command and the one in its group are the same. */
static const struct command_alias aliases[] = {
    { "info", "system info" },      { "image ls", "images" },           { "image list", "images" },
    { "image rm", "rmi" },          { "image remove", "rmi" },          { "image import", "import" },
    { "image tag", "tag" },         { "image pull", "pull" },           { "image push", "push" },
    { "image inspect", "inspect" }, { "image save", "save" },           { "image load", "load" },
    { "image history", "history" }, { "container run", "run" },         { "container exec", "exec" },
    { "container ls", "ps" },       { "container list", "ps" },         { "container ps", "ps" },
    { "container kill", "kill" },   { "container stop", "stop" },       { "container rm", "rm" },
    { "container remove", "rm" },   { "container inspect", "inspect" }, { NULL, NULL },
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
      "where images, containers and volumes are (/var/lib/oakum, or $OAKUM_ROOT)", NULL },
    { "state", 0, OPT_TEXT, F(state), "DIR",
      "where the state of running containers is (/run/oakum, or $OAKUM_STATE)", NULL },
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

static int begin(struct cli *cli, void *target)
{
    static char *kept_root, *kept_state;
    const struct globals *g = target;
    struct error err = { 0 };
    int level = g->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN;
    if (g->version)
        return out_text("oakum " OAKUM_VERSION "\n");
    if (g->log_level != NULL && log_level_parse(g->log_level, &level) < 0)
        return fail_text(cli, 1, "--log-level must be error, warn, info or debug, not \"%s\"", g->log_level);
    log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, (enum log_level) level, "oakum");
    cli->root = choose(g->root, "OAKUM_ROOT", "/var/lib/oakum", &kept_root, &err);
    cli->state = cli->root != NULL ? choose(g->state, "OAKUM_STATE", "/run/oakum", &kept_state, &err) : NULL;
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
        .globals = options,
        .n_globals = ARRAY_LEN(options),
        .begin = begin,
        .target = &g,
    };
    return program_main(&p, argc, argv);
}
