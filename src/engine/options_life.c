// SPDX-License-Identifier: Apache-2.0
/* engine/options_life.c: the values of --restart, --log-driver and --log-opt. */
#include <errno.h>

#include "base/parse.h"
#include "engine/options.h"

int run_options_set_restart(struct run_options *o, const char *value, struct error *err)
{
    const char *colon = strchr(value, ':');
    const char *name = colon != NULL ? arena_strndup(o->arena, value, (size_t) (colon - value)) : value;
    uint32_t max = 0;
    if (!str_eq(name, "no") && !str_eq(name, "always") && !str_eq(name, "unless-stopped") &&
        !str_eq(name, "on-failure") && name[0] != '\0')
        return error_set(err, -EINVAL, "it must be no, always, unless-stopped or on-failure[:N], not \"%s\"",
                         value);
    if (colon != NULL && !str_eq(name, "on-failure"))
        return error_set(err, -EINVAL, "only on-failure takes a number of restarts, not \"%s\"", name);
    if (colon != NULL && parse_u32(colon + 1, &max) < 0)
        return error_set(err, -EINVAL, "on-failure:N takes a number of restarts, not \"%s\"", colon + 1);
    o->restart = str_eq(name, "no") || name[0] == '\0' ? NULL : name;
    o->restart_max = max;
    return 0;
}

int run_options_set_sdnotify(struct run_options *o, const char *value, struct error *err)
{
    static const char *const modes[] = { "container", "conmon", "healthy" };
    o->sdnotify = NULL;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (str_eq(value, modes[i]))
            o->sdnotify = modes[i];
    return o->sdnotify != NULL || str_eq(value, "ignore")
               ? 0
               : error_set(err, -EINVAL, "it must be container, conmon, healthy or ignore, not \"%s\"",
                           value);
}

int run_options_set_log_driver(struct run_options *o, const char *value, struct error *err)
{
    static const char *const drivers[] = { "json-file", "journald", "syslog", "none" };
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
        if (str_eq(value, drivers[i])) {
            o->log_driver = value;
            return 0;
        }
    return error_set(err, -ENOTSUP, "it must be json-file, journald, syslog or none, not \"%s\"", value);
}

int log_facility_parse(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } facilities[] = {
        { "kern", 0 },      { "user", 1 },    { "mail", 2 },    { "daemon", 3 },  { "auth", 4 },
        { "syslog", 5 },    { "lpr", 6 },     { "news", 7 },    { "uucp", 8 },    { "cron", 9 },
        { "authpriv", 10 }, { "ftp", 11 },    { "local0", 16 }, { "local1", 17 }, { "local2", 18 },
        { "local3", 19 },   { "local4", 20 }, { "local5", 21 }, { "local6", 22 }, { "local7", 23 },
    };
    for (size_t i = 0; i < ARRAY_LEN(facilities); i++)
        if (str_eq(name, facilities[i].name))
            return facilities[i].number;
    return -EINVAL;
}

static int set_max_size(struct run_options *o, const char *v, struct error *err)
{
    int64_t n;
    if (str_eq(v, "-1"))
        n = 0;
    else if (parse_size(v, &n) < 0 || n < 1)
        return error_set(err, -EINVAL, "max-size must be a size such as 10m, or -1, not \"%s\"", v);
    o->log_max_size = (struct opt_i64){ true, n };
    return 0;
}

static int set_max_file(struct run_options *o, const char *v, struct error *err)
{
    int64_t n;
    if (parse_i64(v, &n) < 0 || n < 1 || n > 1000)
        return error_set(err, -EINVAL, "max-file must be a number from 1 to 1000, not \"%s\"", v);
    o->log_max_file = (struct opt_i64){ true, n };
    return 0;
}

static int set_mode(struct run_options *o, const char *v, struct error *err)
{
    if (!str_eq(v, "blocking") && !str_eq(v, "non-blocking"))
        return error_set(err, -EINVAL, "mode must be blocking or non-blocking, not \"%s\"", v);
    o->log_drop = str_eq(v, "non-blocking");
    return 0;
}

#define BUFFER_MAX (1ll << 30)
static int set_buffer(struct run_options *o, const char *v, struct error *err)
{
    int64_t n;
    if (parse_size(v, &n) < 0 || n < 4096 || n > BUFFER_MAX)
        return error_set(err, -EINVAL, "max-buffer-size must be a size from 4k to 1g, not \"%s\"", v);
    o->log_buffer = (struct opt_i64){ true, n };
    return 0;
}

static int set_tag(struct run_options *o, const char *v, struct error *err)
{
    (void) err;
    o->log_tag = v;
    return 0;
}

static int set_facility(struct run_options *o, const char *v, struct error *err)
{
    if (log_facility_parse(v) < 0)
        return error_set(err, -EINVAL,
                         "syslog-facility must be one of syslog(3), such as daemon or local0, not \"%s\"", v);
    o->log_facility = v;
    return 0;
}

static void add_keys(struct run_options *o, struct oci_strings *to, const char *v)
{
    while (*v != '\0') {
        size_t n = strcspn(v, ",");
        if (n > 0)
            oci_strings_add(o->arena, to, arena_strndup(o->arena, v, n));
        v += n + (v[n] == ',');
    }
}

static int add_labels(struct run_options *o, const char *v, struct error *err)
{
    (void) err;
    add_keys(o, &o->log_labels, v);
    return 0;
}

static int add_env(struct run_options *o, const char *v, struct error *err)
{
    (void) err;
    add_keys(o, &o->log_env, v);
    return 0;
}

int run_options_add_log_opt(struct run_options *o, const char *value, struct error *err)
{
    static const struct {
        const char *key;
        int (*set)(struct run_options *o, const char *v, struct error *err);
    } known[] = {
        { "max-size=", set_max_size }, { "max-file=", set_max_file },
        { "mode=", set_mode },         { "max-buffer-size=", set_buffer },
        { "tag=", set_tag },           { "labels=", add_labels },
        { "env=", add_env },           { "syslog-facility=", set_facility },
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        const char *v = str_after(value, known[i].key);
        if (v != NULL)
            return known[i].set(o, v, err);
    }
    return error_set(err, -EINVAL,
                     "\"%s\" is not known; there are max-size=SIZE, max-file=N, mode=blocking|non-blocking, "
                     "max-buffer-size=SIZE, tag=TEXT, labels=KEY,..., env=KEY,... and syslog-facility=NAME",
                     value);
}

int run_options_check_log(const struct run_options *o, struct error *err)
{
    bool file = o->log_driver == NULL || str_eq(o->log_driver, "json-file");
    if (!file && (o->log_max_size.set || o->log_max_file.set))
        return error_set(err, -EINVAL,
                         "--log-opt max-size and max-file are of json-file; %s keeps no log of its own",
                         o->log_driver);
    if (o->log_facility != NULL && (file || !str_eq(o->log_driver, "syslog")))
        return error_set(err, -EINVAL, "--log-opt syslog-facility needs --log-driver syslog");
    if (o->log_buffer.set && !o->log_drop)
        return error_set(err, -EINVAL, "--log-opt max-buffer-size needs mode=non-blocking");
    return 0;
}
