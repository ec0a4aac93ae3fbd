// SPDX-License-Identifier: Apache-2.0
/*
 * engine/log_options.c: --log-driver and --log-opt, from the options to the record and from there to the monitor. What a tag or an attribute
 * is made of is known when the container is made, and does not change.
 */
#include <errno.h>

#include "engine/engine_internal.h"
#include "monitor/sink.h"

/* docker's template, as far as it names something: {{.Name}} and the like. */
static int expand_tag(struct engine_record *r, const char *tag, const char **ret, struct error *err)
{
    const struct {
        const char *word, *value;
        int most;
    } known[] = {
        { "{{.ID}}", r->id, 12 },
        { "{{.FullID}}", r->id, 64 },
        { "{{.Name}}", r->name, 128 },
        { "{{.ImageID}}", r->image_id, 12 },
        { "{{.ImageFullID}}", r->image_id, 64 },
        { "{{.ImageName}}", r->image, 512 },
        { "{{.DaemonName}}", "oakum", 5 },
    };
    const char *out = "";
    for (const char *p = tag; *p != '\0';) {
        size_t n = 0;
        for (size_t i = 0; i < ARRAY_LEN(known) && n == 0; i++)
            if (str_after(p, known[i].word) != NULL) {
                n = strlen(known[i].word);
                out = arena_printf(r->arena, "%s%.*s", out, known[i].most, known[i].value);
            }
        if (n == 0 && p[0] == '{' && p[1] == '{')
            return error_set(err, -EINVAL,
                             "--log-opt tag: \"%s\" is not known; there are {{.ID}}, {{.FullID}}, {{.Name}}, "
                             "{{.ImageID}}, {{.ImageFullID}}, {{.ImageName}} and {{.DaemonName}}",
                             p);
        if (n == 0) {
            n = 1;
            out = arena_printf(r->arena, "%s%c", out, *p);
        }
        p += n;
    }
    if (strlen(out) > JOURNAL_TAG_MAX || strpbrk(out, "\n\r") != NULL)
        return error_set(err, -EINVAL, "--log-opt tag must be one line of at most %d characters",
                         JOURNAL_TAG_MAX);
    *ret = out;
    return 0;
}

static int add_attribute(struct engine_record *r, const char *key, const char *value, struct error *err)
{
    const char *before = r->log_attrs != NULL ? r->log_attrs : "";
    if (value == NULL) /* as docker: what there is not is left out */
        return 0;
    if (strchr(value, '\n') != NULL)
        return error_set(err, -EINVAL, "--log-opt labels, env: the value of %s has more than one line", key);
    r->log_attrs = arena_printf(r->arena, "%s%s%s=%s", before, before[0] != '\0' ? "\n" : "", key, value);
    return strlen(r->log_attrs) <= JOURNAL_ATTRS_MAX
               ? 0
               : error_set(err, -E2BIG,
                           "--log-opt labels, env: they are more than %d bytes together, for each line",
                           JOURNAL_ATTRS_MAX);
}

int record_log(struct engine_record *r, const struct run_options *o, const struct oci_strings *env,
               struct error *err)
{
    int ret = run_options_check_log(o, err);
    r->log_driver = o->log_driver;
    r->log_max_size = o->log_max_size.set ? o->log_max_size.v : 10 << 20;
    r->log_max_file = o->log_max_file.set ? o->log_max_file.v : 3;
    r->log_drop = o->log_drop;
    r->log_buffer = o->log_buffer.set ? o->log_buffer.v : 0;
    r->log_facility = o->log_facility;
    if (ret == 0 && !str_empty(o->log_tag))
        ret = expand_tag(r, o->log_tag, &r->log_tag, err);
    for (size_t i = 0; ret == 0 && i < o->log_labels.n; i++)
        ret = add_attribute(r, o->log_labels.v[i], oci_pairs_get(&r->labels, o->log_labels.v[i]), err);
    for (size_t i = 0; ret == 0 && i < o->log_env.n; i++)
        ret = add_attribute(r, o->log_env.v[i], env_list_get(env, o->log_env.v[i]), err);
    return ret;
}

static enum log_sink sink_of(const struct engine_record *r)
{
    return r->log_driver == NULL               ? LOG_SINK_FILE
           : str_eq(r->log_driver, "journald") ? LOG_SINK_JOURNALD
           : str_eq(r->log_driver, "syslog")   ? LOG_SINK_SYSLOG
                                               : LOG_SINK_FILE;
}

int log_driver_check(const struct engine_record *r, struct error *err)
{
    enum log_sink kind = sink_of(r);
    if (kind == LOG_SINK_FILE)
        return 0;
    int fd = sink_connect(kind);
    if (fd < 0)
        return error_errno(err, fd, "--log-driver %s: nobody takes a log at %s", r->log_driver,
                           kind == LOG_SINK_JOURNALD ? SINK_JOURNALD : SINK_SYSLOG);
    close(fd);
    return 0;
}

void log_driver_words(const struct engine_record *r, struct monitor_options *to)
{
    enum log_sink kind = sink_of(r);
    int facility = log_facility_parse(r->log_facility != NULL ? r->log_facility : "daemon");
    to->tag = r->log_tag;
    to->attrs = r->log_attrs;
    to->no_log = r->log_driver != NULL && str_eq(r->log_driver, "none");
    to->sink = kind;
    if (kind == LOG_SINK_FILE) {
        to->max_size = (uint64_t) r->log_max_size;
        to->max_files = (uint64_t) r->log_max_file;
        return;
    }
    to->facility = facility < 0 ? 3 : (uint64_t) facility;
    to->drop = r->log_drop;
    to->buffer = (uint64_t) r->log_buffer;
    to->name = r->name;
    to->image = r->image;
}

int log_driver_readable(const struct engine_record *r, struct error *err)
{
    switch (sink_of(r)) {
    case LOG_SINK_JOURNALD:
        return error_set(
            err, -ENODATA,
            "the log of container %s is journald's: read it with \"journalctl CONTAINER_ID_FULL=%s\"",
            r->name, r->id);
    case LOG_SINK_SYSLOG:
        return error_set(
            err, -ENODATA,
            "configured logging driver does not support reading: the log of container %s is where syslog "
            "keeps it",
            r->name);
    default: break;
    }
    return r->log_driver == NULL || !str_eq(r->log_driver, "none")
               ? 0
               : error_set(err, -ENODATA, "container %s has no log: it was made with --log-driver none",
                           r->name);
}
