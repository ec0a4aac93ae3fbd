// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_generate.c: `oakum generate systemd`: a unit for a container that is there, with podman's flags. systemd starts it by `oakum start`, which
 * tells it that the keeper is the process to watch; the keeper ends when the container does, with its status.
 *
 * Threat: what is written is read by systemd as root. A path is quoted for it; a name that somebody gives is only taken when it is one.
 */
#include <errno.h>

#include "base/parse.h"
#include "cli/commands.h"
#include "cli/paths.h"
#include "confine/rootless.h"
#include "engine/engine.h"
#include "sys/file.h"
#include "sys/self.h"

struct generate_flags {
    bool files, name, no_header;
    const char *prefix, *separator, *restart;
    struct opt_i64 restart_sec, start_timeout, stop_timeout;
    struct oci_strings after, wants, requires;
};

#define F(field) OPTION_FIELD(struct generate_flags, field)
static const struct cli_option options[] = {
    { "after", 0, OPT_LIST, F(after), "UNIT", "start after this unit, and stop before it", NULL },
    { "container-prefix", 0, OPT_TEXT, F(prefix), "TEXT", "what the unit's name begins with (container)",
      NULL },
    { "files", 'f', OPT_FLAG, F(files), NULL,
      "write container-ID.service into this directory, and print its path", NULL },
    { "name", 'n', OPT_FLAG, F(name), NULL, "call unit and container by the container's name, not its id",
      NULL },
    { "no-header", 0, OPT_FLAG, F(no_header), NULL, "without the comment that says where it is from", NULL },
    { "requires", 0, OPT_LIST, F(requires), "UNIT", "needs this unit", NULL },
    { "restart-policy", 0, OPT_TEXT, F(restart), "POLICY", "systemd's Restart= (on-failure)", NULL },
    { "restart-sec", 0, OPT_I64, F(restart_sec), "SECONDS", "systemd's RestartSec=", NULL },
    { "separator", 0, OPT_TEXT, F(separator), "TEXT", "what stands between prefix and name (-)", NULL },
    { "start-timeout", 0, OPT_I64, F(start_timeout), "SECONDS", "how long its start may take", NULL },
    { "stop-timeout", 0, OPT_I64, F(stop_timeout), "SECONDS", "time before SIGKILL (its own, or 10)", NULL },
    { "time", 't', OPT_I64, F(stop_timeout), "SECONDS", "as --stop-timeout", NULL },
    { "wants", 0, OPT_LIST, F(wants), "UNIT", "starts this unit too", NULL },
};

/* A word for ExecStart=: specifiers, variables, quotes and backslashes mean nothing then. */
static void add_word(struct strbuf *out, const char *word)
{
    strbuf_adds(out, " \"");
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '%' || *p == '$')
            strbuf_addc(out, *p);
        else if (*p == '"' || *p == '\\')
            strbuf_addc(out, '\\');
        strbuf_addc(out, *p);
    }
    strbuf_addc(out, '"');
}

struct unit {
    const struct cli *cli;
    const struct generate_flags *f;
    const struct engine_container *c;
    const char *program, *target; /* the container, for oakum */
    bool user;
};

static void add_command(struct strbuf *out, const struct unit *u, const char *key)
{
    const struct cli *cli = u->cli;
    bool plain = strspn(u->program, "/.-_+ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
                 strlen(u->program);
    strbuf_addf(out, "%s", key);
    if (plain)
        strbuf_adds(out, u->program);
    else
        add_word(out, u->program);
    if (u->user || !str_eq(cli->root, "/var/lib/oakum") || !str_eq(cli->state, "/run/oakum")) {
        strbuf_adds(out, " --root");
        add_word(out, cli->root);
        strbuf_adds(out, " --state");
        add_word(out, cli->state);
    }
}

static void add_units(struct strbuf *out, const char *key, const struct oci_strings *names)
{
    for (size_t i = 0; i < names->n; i++)
        strbuf_addf(out, "%s=%s\n", key, names->v[i]);
}

static void make_unit(struct strbuf *out, const struct unit *u, const char *unit_name)
{
    const struct generate_flags *f = u->f;
    const struct engine_record *r = u->c->record;
    int64_t stop = f->stop_timeout.set ? f->stop_timeout.v : r->stop_timeout;
    /* One that says itself when it is ready goes on doing so. */
    const char *mode = r->sdnotify != NULL ? "" : " --sdnotify conmon";
    if (!f->no_header)
        strbuf_addf(out, "# %s\n# made by oakum " OAKUM_VERSION ": oakum generate systemd\n\n", unit_name);
    strbuf_addf(out, "[Unit]\nDescription=Container %s\nDocumentation=man:oakum-generate-systemd(1)\n",
                r->name);
    if (!u->user)
        strbuf_adds(out, "Wants=network-online.target\nAfter=network-online.target\n");
    add_units(out, "Wants", &f->wants);
    add_units(out, "After", &f->after);
    add_units(out, "Requires", &f->requires);
    strbuf_addf(out, "\n[Service]\nType=notify\nNotifyAccess=all\nRestart=%s\n",
                f->restart != NULL ? f->restart : "on-failure");
    if (f->restart_sec.set)
        strbuf_addf(out, "RestartSec=%lld\n", (long long) f->restart_sec.v);
    if (f->start_timeout.set)
        strbuf_addf(out, "TimeoutStartSec=%lld\n", (long long) f->start_timeout.v);
    if (stop < 0)
        strbuf_adds(out, "TimeoutStopSec=infinity\n");
    else
        strbuf_addf(out, "TimeoutStopSec=%lld\n", (long long) stop + 60);
    add_command(out, u, "ExecStart=");
    strbuf_addf(out, " start%s %s\n", mode, u->target);
    for (int i = 0; i < 2; i++) {
        add_command(out, u, i == 0 ? "ExecStop=" : "ExecStopPost=-");
        if (f->stop_timeout.set)
            strbuf_addf(out, " stop -t %lld %s\n", (long long) stop, u->target);
        else
            strbuf_addf(out, " stop %s\n", u->target);
    }
    strbuf_adds(
        out,
        "# The program's end on SIGTERM, as a shell tells it.\nSuccessExitStatus=143\n"
        "# Only oakum's own two processes are here; the container has a cgroup, limits and a seal of its own. What systemd\n"
        "# would forbid the unit (NoNewPrivileges=, ProtectSystem=, SystemCallFilter= ...) the container would inherit.\n"
        "KillMode=mixed\nOOMPolicy=continue\n");
    if (u->user)
        strbuf_adds(out, "Delegate=yes\n");
    strbuf_adds(out, "\n[Install]\nWantedBy=default.target\n");
}

static bool word_fits(const char *text, const char *more)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    for (const char *p = text; *p != '\0'; p++)
        if (strchr(letters, *p) == NULL && strchr(more, *p) == NULL)
            return false;
    return text[0] != '\0';
}

static int check_units(const struct cli *cli, const char *flag, const struct oci_strings *names)
{
    for (size_t i = 0; i < names->n; i++)
        if (!word_fits(names->v[i], ":@\\") || strchr(names->v[i], '.') == NULL)
            return fail_text(cli, 1, "%s must be the name of a unit, such as network.target, not \"%s\"",
                             flag, names->v[i]);
    return -1;
}

static int check_flags(const struct cli *cli, const struct generate_flags *f)
{
    static const char *const policies[] = { "no",          "on-success", "on-failure", "on-abnormal",
                                            "on-watchdog", "on-abort",   "always" };
    bool known = f->restart == NULL;
    for (size_t i = 0; i < ARRAY_LEN(policies); i++)
        known = known || str_eq(f->restart, policies[i]);
    if (!known)
        return fail_text(
            cli, 1,
            "--restart-policy must be no, on-success, on-failure, on-abnormal, on-watchdog, on-abort "
            "or always, not \"%s\"",
            f->restart);
    if ((f->prefix != NULL && f->prefix[0] != '\0' && !word_fits(f->prefix, ":")) ||
        (f->separator != NULL && f->separator[0] != '\0' && !word_fits(f->separator, ":")))
        return fail_text(cli, 1, "--container-prefix and --separator take letters, digits and _ . - :");
    if ((f->restart_sec.set && f->restart_sec.v < 0) || (f->start_timeout.set && f->start_timeout.v < 0) ||
        (f->stop_timeout.set && f->stop_timeout.v < -1))
        return fail_text(cli, 1, "a time must be a number of seconds");
    int status = check_units(cli, "--after", &f->after);
    if (status < 0)
        status = check_units(cli, "--wants", &f->wants);
    return status < 0 ? check_units(cli, "--requires", &f->requires) : status;
}

static int write_unit(const struct strbuf *text, const char *name, struct error *err)
{
    char *path = NULL;
    int r = path_absolute(name, &path, err);
    if (r == 0)
        r = file_replace(AT_FDCWD, name, text->buf, text->len, 0644, true, err);
    if (r == 0) {
        _cleanup_strbuf_ struct strbuf line = STRBUF_INIT;
        strbuf_addf(&line, "%s\n", path);
        out_write(&line);
    }
    free(path);
    return r;
}

static int generate(const struct cli *cli, const struct generate_flags *f, struct engine *e,
                    const char *asked, struct error *err)
{
    static char program[4096];
    struct engine_container c;
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    char name[512];
    int r = self_path(program, sizeof(program));
    if (r < 0)
        return error_errno(err, r, "cannot find out where oakum lies");
    r = engine_get(e, asked, &c, err);
    if (r < 0)
        return r;
    if (c.status == ENGINE_DAMAGED)
        r = error_set(err, -EINVAL, "container %s is damaged: %s", asked, c.record->error);
    else if (c.record->rm)
        r = error_set(err, -EINVAL, "container %s has --rm: it is gone when the unit would start it again",
                      asked);
    if (r == 0) {
        const char *target = f->name ? c.record->name : c.record->id;
        const struct unit u = { cli, f, &c, program, target, rootless_inside() };
        r = str_format(name, sizeof(name), "%s%s%s.service", f->prefix != NULL ? f->prefix : "container",
                       f->separator != NULL ? f->separator : "-", target);
        if (r >= 0)
            make_unit(&out, &u, name);
        r = r < 0 ? error_set(err, r, "the unit's name would be too long") : 0;
    }
    engine_container_clear(&c);
    if (r == 0 && f->files)
        return write_unit(&out, name, err);
    return r < 0 || out_write(&out) == 0 ? r : -EIO;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct generate_flags f = { 0 };
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_engine_ struct engine *e = NULL;
    struct error opening = { 0 };
    int words;
    int status = command_arguments(cli, &f, a, argc, argv, 1, -1, &words);
    if (status < 0)
        status = check_flags(cli, &f);
    if (status >= 0)
        return status;
    if (engine_open(cli->root, cli->state, false, &e, &opening) < 0)
        return fail(cli, 1, &opening);
    status = 0;
    for (int i = 1; i <= words; i++) {
        struct error err = { 0 };
        if (generate(cli, &f, e, argv[i], &err) < 0)
            status = fail(cli, 1, &err);
    }
    return status;
}

const struct command cmd_generate_systemd = {
    .name = "generate systemd",
    .synopsis = "[OPTIONS] CONTAINER [CONTAINER...]",
    .summary = "Print a systemd unit for a container",
    .details =
        "The unit starts the container that is there and stops it; systemd watches its keeper, whose end and status are the container's, and\n"
        "starts it again by --restart-policy. Make the container without --restart then, or both would. One that was made with\n"
        "--sdnotify is ready when that says so, any other when it runs.\n"
        "\n"
        "  oakum create --name web ... IMAGE\n"
        "  cd /etc/systemd/system && oakum generate systemd --files --name web\n"
        "  systemctl daemon-reload && systemctl enable --now container-web\n"
        "\n"
        "An ordinary user's unit belongs to ~/.config/systemd/user (systemctl --user). To start all that should run after a reboot, without\n"
        "a unit for each, see oakum-system-boot(1).",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .run = run,
};
