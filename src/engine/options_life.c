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
    if (!str_eq(value, "json-file") && !str_eq(value, "none"))
        return error_set(err, -ENOTSUP, "it must be json-file or none, not \"%s\"", value);
    o->log_driver = value;
    return 0;
}

int run_options_add_log_opt(struct run_options *o, const char *value, struct error *err)
{
    const char *v;
    int64_t n;
    if ((v = str_after(value, "max-size=")) != NULL) {
        if (str_eq(v, "-1"))
            n = 0;
        else if (parse_size(v, &n) < 0 || n < 1)
            return error_set(err, -EINVAL, "max-size must be a size such as 10m, or -1, not \"%s\"", v);
        o->log_max_size = (struct opt_i64){ true, n };
        return 0;
    }
    if ((v = str_after(value, "max-file=")) != NULL) {
        if (parse_i64(v, &n) < 0 || n < 1 || n > 1000)
            return error_set(err, -EINVAL, "max-file must be a number from 1 to 1000, not \"%s\"", v);
        o->log_max_file = (struct opt_i64){ true, n };
        return 0;
    }
    if ((v = str_after(value, "tag=")) != NULL) {
        o->log_tag = v;
        return 0;
    }
    if (str_eq(value, "mode=blocking"))
        return 0;
    return error_set(err, -EINVAL,
                     "\"%s\" is not known; there are max-size=SIZE, max-file=N, tag=TEXT and mode=blocking",
                     value);
}
