// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_system_boot.c: `oakum system boot` and `oakum system shutdown`, which oakum.service (data/oakum.service) runs when the host comes up
 * and before it goes down.
 */
#include <errno.h>

#include "base/table.h"
#include "cli/commands.h"
#include "cli/containers.h"

static void say_name(const char *name)
{
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
    text_neutralise(&line, name);
    strbuf_addc(&line, '\n');
    out_write(&line);
}

static int start_one(struct engine *e, const struct engine_container *c, struct error *err)
{
    struct container_exit end = { 0 };
    const struct start_request req = { .lock_fd = -1 };
    if (c->status == ENGINE_DAMAGED)
        return error_set(err, -EINVAL, "container %.12s is damaged: %s", c->record->id, c->record->error);
    int r = engine_start(e, c->record->id, &req, &end, err);
    return r < 0 ? error_context(err, r, "container %s", c->record->name) : 0;
}

static int boot(const struct cli *cli, int argc, char **argv)
{
    _cleanup_engine_ struct engine *e = NULL;
    struct engine_container *list = NULL;
    struct error err = { 0 };
    size_t n = 0;
    int words, none = 0;
    int status = command_arguments(cli, &none, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_to_boot(e, &list, &n, &err);
    if (r < 0)
        return fail(cli, 1, &err);
    /* Executes us again, where it must: before the first has been started. What it says is said once more at the start. */
    for (size_t i = 0; i < n; i++)
        if (list[i].status != ENGINE_DAMAGED && container_protect(e, list[i].record->id, &err) < 0)
            error_clear(&err);
    status = 0;
    for (size_t i = 0; i < n; i++) {
        struct error why = { 0 };
        r = start_one(e, &list[i], &why);
        if (r < 0)
            status = fail(cli, 1, &why);
        else
            say_name(list[i].record->name);
    }
    engine_containers_free(list, n);
    return status;
}

struct shutdown_flags {
    struct opt_i64 timeout;
};

static const struct cli_option shutdown_options[] = {
    { "timeout", 't', OPT_I64, OPTION_FIELD(struct shutdown_flags, timeout), "SECONDS",
      "the longest that any has before SIGKILL, whatever its own stop timeout is", NULL },
};

struct telling {
    const struct cli *cli;
    int status;
};

static void told(void *arg, const char *name, int r, const struct error *err)
{
    struct telling *t = arg;
    if (r < 0)
        t->status = fail(t->cli, 1, err);
    else
        say_name(name);
}

static int shut_down(const struct cli *cli, int argc, char **argv)
{
    _cleanup_engine_ struct engine *e = NULL;
    struct shutdown_flags f = { 0 };
    struct telling t = { .cli = cli };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    if (f.timeout.set && f.timeout.v < 0)
        return fail_text(cli, 1, "--timeout must be a number of seconds");
    int r = engine_open(cli->root, cli->state, false, &e, &err);
    if (r == 0)
        r = engine_shutdown(e, f.timeout.set ? f.timeout.v : -1, told, &t, &err);
    return r < 0 ? fail(cli, 1, &err) : t.status;
}

const struct command cmd_system_boot = {
    .name = "system boot",
    .synopsis = "",
    .summary = "Start what should run, after the host was booted",
    .details =
        "Containers with --restart always, with unless-stopped that no person has stopped, and with on-failure that ended with another\n"
        "status than 0, which is also what a host that lost its power leaves. One with always that a person has stopped is started when that\n"
        "was before the host was booted, as by docker's daemon; a container that was only made is not started. Those that run already are left\n"
        "alone, so it may be run at any time. The names of those that it starts are printed; one that cannot be started does not keep the\n"
        "others from it, and the status is 1 in the end.\n"
        "\n"
        "oakum.service, which is installed for systemd, runs it: \"systemctl enable --now oakum\"; for an ordinary user's containers\n"
        "\"systemctl --user enable --now oakum\" and \"loginctl enable-linger\". Without systemd, \"@reboot oakum system boot\" in a crontab does.",
    .run = boot,
};

const struct command cmd_system_shutdown = {
    .name = "system shutdown",
    .synopsis = "[OPTIONS]",
    .summary = "Stop all that runs, to be started again by \"oakum system boot\"",
    .details =
        "Every container gets its own stop signal and its own time, all side by side. Nothing is started again by its restart policy until\n"
        "\"oakum system boot\", which starts what ran: this is no person's stop. oakum.service runs it before the host goes down.",
    .options = shutdown_options,
    .n_options = ARRAY_LEN(shutdown_options),
    .run = shut_down,
};
