// SPDX-License-Identifier: Apache-2.0
/*
 * cli/cmd_inspect.c: `oakum inspect`: a container with the exact specification that is enforced, and the seal control by
 * control; or an image with its configuration. Always JSON: its strings are escaped by the writer, so nothing in them can
 * drive a terminal.
 */
#include <errno.h>

#include "cli/commands.h"
#include "cli/containers.h"
#include "cli/format.h"
#include "cli/image_names.h"
#include "cli/inspect_image.h"
#include "cli/ports.h"
#include "engine/controls.h"
#include "engine/health.h"
#include "image/store.h"

struct inspect_flags {
    const char *format, *type;
};

#define F(field) OPTION_FIELD(struct inspect_flags, field)
static const struct cli_option options[] = {
    { "format", 'f', OPT_TEXT, F(format), "FORMAT", "json (without indentation), or a Go template for each",
      NULL },
    { "size", 's', OPT_LATER, 0, NULL, NULL, NULL },
    { "type", 0, OPT_TEXT, F(type), "TYPE", "container or image, where one name is both", NULL },
};

static json_t *text(const char *s)
{
    json_t *j = s != NULL ? json_string(s) : NULL;
    return j != NULL ? j : json_string("");
}

static json_t *strings(const struct oci_strings *l)
{
    json_t *a = json_array();
    for (size_t i = 0; i < l->n; i++)
        json_array_append_new(a, text(l->v[i]));
    return a;
}

static json_t *pairs(const struct oci_pairs *p)
{
    json_t *o = json_object();
    for (size_t i = 0; i < p->n; i++)
        json_object_set_new(o, p->v[i].key, text(p->v[i].value));
    return o;
}

static json_t *controls_json(const struct oci_spec *spec, const struct engine_record *r)
{
    struct control *c;
    size_t n;
    json_t *list = json_array();
    controls_list(spec->arena, spec, &r->sources, &c, &n);
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        json_object_set_new(o, "control", text(c[i].name));
        json_object_set_new(o, "value", text(c[i].value));
        json_object_set_new(o, "source", text(c[i].source));
        json_object_set_new(o, "relax", text(c[i].relax));
        json_array_append_new(list, o);
    }
    return list;
}

/* docker's names; null without checks. */
static json_t *health_json(struct engine *e, const struct engine_container *c)
{
    _cleanup_health_ struct health *h = engine_health(e, c);
    if (h == NULL)
        return json_null();
    json_t *o = json_object(), *log = json_array();
    json_object_set_new(o, "Status", text(health_status_name(h->status)));
    json_object_set_new(o, "FailingStreak", json_integer(h->failing_streak));
    for (size_t i = 0; i < h->n_log; i++) {
        json_t *one = json_object();
        json_object_set_new(one, "Start", text(h->log[i].start));
        json_object_set_new(one, "End", text(h->log[i].end));
        json_object_set_new(one, "ExitCode", json_integer(h->log[i].exit_code));
        json_object_set_new(one, "Output", text(h->log[i].output));
        json_array_append_new(log, one);
    }
    json_object_set_new(o, "Log", log);
    return o;
}

static void set_if(json_t *o, const char *key, int64_t value)
{
    if (value > 0)
        json_object_set_new(o, key, json_integer(value));
}

/* docker's names; without what was not given. */
static json_t *healthcheck_json(const struct health_config *h)
{
    json_t *o = json_object();
    if (h->test.n > 0)
        json_object_set_new(o, "Test", strings(&h->test));
    set_if(o, "Interval", h->interval);
    set_if(o, "Timeout", h->timeout);
    set_if(o, "StartPeriod", h->start_period);
    set_if(o, "StartInterval", h->start_interval);
    set_if(o, "Retries", h->retries);
    return o;
}

static json_t *state_json(struct engine *e, const struct engine_container *c)
{
    const struct engine_record *r = c->record;
    json_t *o = json_object();
    json_object_set_new(o, "Status", text(engine_status_name(c->status)));
    json_object_set_new(o, "Running", json_boolean(engine_is_up(c->status)));
    json_object_set_new(o, "Paused", json_boolean(c->status == ENGINE_PAUSED));
    json_object_set_new(o, "Restarting", json_boolean(c->status == ENGINE_RESTARTING));
    json_object_set_new(o, "OOMKilled", json_boolean(r->oom_killed));
    json_object_set_new(o, "TimedOut", json_boolean(r->timed_out));
    json_object_set_new(o, "Pid", json_integer(c->pid));
    json_object_set_new(o, "Signal", json_integer(r->exit_signal));
    json_object_set_new(o, "ExitCode", r->exit_code.set ? json_integer(r->exit_code.v) : json_null());
    json_object_set_new(o, "Error", text(r->error));
    json_object_set_new(o, "StartedAt", text(r->started));
    json_object_set_new(o, "FinishedAt", text(r->finished));
    json_object_set_new(o, "Health", health_json(e, c));
    return o;
}

/* By docker's names: what the program was given. The rest of it is in Spec. */
static json_t *config_json(const struct oci_spec *spec, const struct engine_record *r)
{
    const struct oci_process *p = &spec->process;
    json_t *o = json_object();
    json_object_set_new(o, "Hostname", text(spec->hostname));
    json_object_set_new(o, "Domainname", text(spec->domainname));
    json_object_set_new(o, "User", json_sprintf("%u:%u", p->user.uid, p->user.gid));
    json_object_set_new(o, "Tty", json_boolean(p->terminal));
    json_object_set_new(o, "Env", strings(&p->env));
    json_object_set_new(o, "Cmd", strings(&p->args));
    json_object_set_new(o, "Image", text(r->image));
    json_object_set_new(o, "WorkingDir", text(p->cwd));
    json_object_set_new(o, "Labels", pairs(&r->labels));
    json_object_set_new(o, "StopSignal", text(r->stop_signal));
    if (r->health.test.n > 0)
        json_object_set_new(o, "Healthcheck", healthcheck_json(&r->health));
    return o;
}

static void add_life(json_t *o, struct engine *e, const struct engine_record *r)
{
    const char *driver = r->log_driver != NULL ? r->log_driver : "json-file";
    json_t *policy = json_object(), *log = json_object();
    json_object_set_new(policy, "Name", text(r->restart != NULL ? r->restart : "no"));
    json_object_set_new(policy, "MaximumRetryCount", json_integer(r->restart_max));
    json_object_set_new(o, "RestartPolicy", policy);
    json_object_set_new(o, "RestartCount", json_integer(r->restarts));
    json_object_set_new(o, "Timeout", json_integer(r->timeout));
    json_object_set_new(o, "SdNotify", text(r->sdnotify != NULL ? r->sdnotify : "ignore"));
    json_object_set_new(o, "HealthOnFailure",
                        text(r->health.on_failure != NULL ? r->health.on_failure : "none"));
    json_object_set_new(log, "Driver", text(driver));
    json_object_set_new(log, "Mode", text(r->log_drop ? "non-blocking" : "blocking"));
    json_object_set_new(log, "Tag", text(r->log_tag));
    json_object_set_new(log, "MaxSize", json_integer(r->log_max_size));
    json_object_set_new(log, "MaxFile", json_integer(r->log_max_file));
    json_object_set_new(log, "LostLines", json_integer((json_int_t) r->lost_lines));
    json_object_set_new(log, "LostBytes", json_integer((json_int_t) r->lost_bytes));
    json_object_set_new(o, "Log", log);
    json_object_set_new(
        o, "LogPath",
        r->detached && str_eq(driver, "json-file")
            ? json_sprintf("%s/containers/%s/monitor/%s-json.log", engine_root(e), r->id, r->id)
            : text(""));
}

static json_t *container_json(struct engine *e, const struct engine_container *c)
{
    const struct engine_record *r = c->record;
    _cleanup_oci_spec_ struct oci_spec *spec = NULL;
    struct error err = { 0 };
    json_t *o = json_object();
    json_object_set_new(o, "Id", text(r->id));
    json_object_set_new(o, "Name", text(r->name));
    json_object_set_new(o, "Created", text(r->created));
    json_object_set_new(o, "State", state_json(e, c));
    if (c->status == ENGINE_DAMAGED)
        return o;
    json_object_set_new(o, "Image", text(r->image));
    json_object_set_new(o, "ImageId", text(r->image_id));
    struct oci_strings rest = { r->args.n > 0 ? r->args.v + 1 : NULL, r->args.n > 0 ? r->args.n - 1 : 0 };
    json_object_set_new(o, "Path", text(r->args.n > 0 ? r->args.v[0] : NULL));
    json_object_set_new(o, "Args", strings(&rest));
    json_object_set_new(o, "Labels", pairs(&r->labels));
    json_object_set_new(o, "AutoRemove", json_boolean(r->rm));
    json_object_set_new(o, "Network", text(r->network));
    json_object_set_new(o, "NetworkSettings", ports_settings(e, c));
    json_object_set_new(o, "Joined", pairs(&r->joined));
    json_object_set_new(o, "StopSignal", text(r->stop_signal));
    json_object_set_new(o, "StopTimeout", json_integer(r->stop_timeout));
    add_life(o, e, r);
    if (engine_spec(e, r->id, &spec, &err) < 0) {
        json_object_set_new(o, "SpecError", text(err.msg));
        return o;
    }
    json_object_set_new(o, "Config", config_json(spec, r));
    json_object_set_new(o, "Controls", controls_json(spec, r));
    json_object_set_new(o, "Spec", oci_spec_to_json(spec));
    return o;
}

static int inspect_one(const struct cli *cli, struct engine *e, const struct inspect_flags *f,
                       const char *name, json_t *list, struct error *err)
{
    struct engine_container c;
    int r = -ENOENT;
    if (f->type == NULL || str_eq(f->type, "container")) {
        r = engine_get(e, name, &c, err);
        if (r == 0) {
            json_array_append_new(list, container_json(e, &c));
            engine_container_clear(&c);
            return 0;
        }
    }
    if (r == -ENOENT && (f->type == NULL || str_eq(f->type, "image"))) {
        error_clear(err);
        r = inspect_image(cli->root, name, list, err);
        if (r == -ENOENT && f->type == NULL)
            return error_set(err, r, "there is no container and no image \"%s\"", name);
    }
    return r;
}

/* All as one document, or each through the template. */
static int show(const struct inspect_flags *f, const json_t *list, struct strbuf *out, struct error *err)
{
    int r = 0;
    if (f->format == NULL || str_eq(f->format, "json"))
        return format_document(f->format, list, out, err);
    for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
        r = format_document(f->format, json_array_get(list, i), out, err);
    return r;
}

static int run(const struct cli *cli, int argc, char **argv)
{
    struct inspect_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    if (f.type != NULL && !str_eq(f.type, "container") && !str_eq(f.type, "image"))
        return fail_text(cli, 1, "--type must be container or image, not \"%s\"", f.type);
    _cleanup_engine_ struct engine *e = NULL;
    _cleanup_json_ json_t *list = json_array();
    if (engine_open(cli->root, cli->state, false, &e, &err) < 0)
        return fail(cli, 1, &err);
    for (int i = 1; i <= words; i++) {
        error_clear(&err);
        if (inspect_one(cli, e, &f, argv[i], list, &err) < 0)
            status = fail(cli, 1, &err);
    }
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    error_clear(&err);
    if (show(&f, list, &out, &err) < 0)
        status = fail(cli, 1, &err);
    int written = out_write(&out);
    return status > 0 ? status : written;
}

const struct command cmd_inspect = {
    .name = "inspect",
    .synopsis = "[OPTIONS] NAME [NAME...]",
    .summary = "Show all about containers and images",
    .details =
        "For a container: its state, the exact OCI specification that is enforced (Spec), and the seal control by control\n"
        "(Controls): the value, where it came from (default, image, flag), and the flag that relaxes it.",
    .options = options,
    .n_options = ARRAY_LEN(options),
    .flags = CMD_PLAIN,
    .run = run,
};
