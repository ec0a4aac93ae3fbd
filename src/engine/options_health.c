// SPDX-License-Identifier: Apache-2.0
/* engine/options_health.c: the values of --health-*, and what they and the image's HEALTHCHECK make together. */
#include <errno.h>

#include "base/parse.h"
#include "engine/options.h"
#include "oci/image.h"

#define LEAST_NS 1000000 /* docker's */

int run_options_set_health_time(int64_t *to, const char *value, struct error *err)
{
    int64_t ns;
    if (parse_duration(value, &ns) < 0)
        return error_set(err, -EINVAL, "it must be a duration such as 30s or 1m30s, not \"%s\"", value);
    if (ns > 0 && ns < LEAST_NS)
        return error_set(err, -EINVAL, "it cannot be less than 1ms");
    *to = ns;
    return 0;
}

int run_options_set_health_cmd(struct run_options *o, const char *value, struct error *err _unused_)
{
    o->health.test = (struct oci_strings){ 0 };
    if (value[0] == '\0')
        return 0;
    oci_strings_add(o->arena, &o->health.test, "CMD-SHELL");
    oci_strings_add(o->arena, &o->health.test, value);
    return 0;
}

int run_options_set_health_retries(struct run_options *o, const char *value, struct error *err)
{
    if (parse_i64(value, &o->health.retries) < 0 || o->health.retries < 0)
        return error_set(err, -EINVAL, "it must be a number of checks, not \"%s\"", value);
    return 0;
}

int run_options_set_health_on_failure(struct run_options *o, const char *value, struct error *err)
{
    static const char *const actions[] = { "kill", "restart", "stop" };
    o->health.on_failure = NULL;
    if (str_eq(value, "none"))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (str_eq(value, actions[i]))
            o->health.on_failure = actions[i];
    return o->health.on_failure != NULL
               ? 0
               : error_set(err, -EINVAL, "it must be none, kill, restart or stop, not \"%s\"", value);
}

bool run_options_health_asked(const struct run_options *o)
{
    const struct health_config *h = &o->health;
    return h->test.n > 0 || h->interval > 0 || h->timeout > 0 || h->start_period > 0 ||
           h->start_interval > 0 || h->retries > 0 || h->on_failure != NULL;
}

/* docker: each of the person's words in the place of the image's. */
void run_options_health(const struct run_options *o, const struct image_config *image, struct arena *a,
                        struct health_config *ret)
{
    const struct image_healthcheck *of_image = &image->healthcheck;
    struct health_config h = o->health;
    h.shell = image->shell;
    if (o->no_healthcheck) {
        h = (struct health_config){ 0 };
        oci_strings_add(a, &h.test, "NONE");
    } else if (of_image->set) {
        h.test = h.test.n > 0 ? h.test : of_image->test;
        h.interval = h.interval > 0 ? h.interval : of_image->interval_ns;
        h.timeout = h.timeout > 0 ? h.timeout : of_image->timeout_ns;
        h.start_period = h.start_period > 0 ? h.start_period : of_image->start_period_ns;
        h.start_interval = h.start_interval > 0 ? h.start_interval : of_image->start_interval_ns;
        h.retries = h.retries > 0 ? h.retries : of_image->retries;
    }
    *ret = h;
}
