// SPDX-License-Identifier: Apache-2.0
/*
 * engine/options_limits.c: --ulimit, --device, --device-cgroup-rule, the throttles, CPU lists. Strict: a limit that was
 * misread is a limit that is not there.
 */
#include <errno.h>
#include <sys/resource.h>

#include "base/parse.h"
#include "engine/options_internal.h"

static const struct {
    const char *name, *oci;
} rlimits[] = {
    { "as", "RLIMIT_AS" },           { "core", "RLIMIT_CORE" },         { "cpu", "RLIMIT_CPU" },
    { "data", "RLIMIT_DATA" },       { "fsize", "RLIMIT_FSIZE" },       { "locks", "RLIMIT_LOCKS" },
    { "memlock", "RLIMIT_MEMLOCK" }, { "msgqueue", "RLIMIT_MSGQUEUE" }, { "nice", "RLIMIT_NICE" },
    { "nofile", "RLIMIT_NOFILE" },   { "nproc", "RLIMIT_NPROC" },       { "rss", "RLIMIT_RSS" },
    { "rtprio", "RLIMIT_RTPRIO" },   { "rttime", "RLIMIT_RTTIME" },     { "sigpending", "RLIMIT_SIGPENDING" },
    { "stack", "RLIMIT_STACK" },
};

static const char *rlimit_oci_name(const char *name)
{
    const char *bare = str_after(name, "RLIMIT_");
    for (size_t i = 0; i < ARRAY_LEN(rlimits); i++) {
        if (str_eq(name, rlimits[i].name) || (bare != NULL && str_eq(name, rlimits[i].oci)))
            return rlimits[i].oci;
    }
    return NULL;
}

static int rlimit_number(const char *s, uint64_t *ret)
{
    if (str_eq(s, "-1") || str_eq(s, "unlimited")) {
        *ret = UINT64_MAX; /* RLIM_INFINITY as the specification writes it */
        return 0;
    }
    return parse_u64(s, ret);
}

int run_options_add_ulimit(struct run_options *o, const char *value, struct error *err)
{
    struct oci_strings half;
    const char *equals = strchr(value, '=');
    if (equals == NULL)
        return error_set(err, -EINVAL, "\"%s\" must be NAME=SOFT or NAME=SOFT:HARD", value);
    const char *name = arena_strndup(o->arena, value, (size_t) (equals - value));
    struct run_ulimit u = { .name = rlimit_oci_name(name) };
    if (u.name == NULL) {
        const char *names[ARRAY_LEN(rlimits)];
        for (size_t i = 0; i < ARRAY_LEN(rlimits); i++)
            names[i] = rlimits[i].name;
        const char *near = nearest_name(name, names, ARRAY_LEN(names));
        return error_set(err, -EINVAL, "there is no limit named \"%s\"%s%s%s", name,
                         near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    list_split(o->arena, equals + 1, ':', &half);
    if (half.n > 2 || rlimit_number(half.v[0], &u.soft) < 0 || rlimit_number(half.v[half.n - 1], &u.hard) < 0)
        return error_set(err, -EINVAL, "\"%s\" must be a number, -1 for no limit, or SOFT:HARD", equals + 1);
    if (u.soft > u.hard)
        return error_set(err, -EINVAL, "the soft limit of %s must not be above the hard one", name);
    for (size_t i = 0; i < o->n_ulimits; i++) {
        if (str_eq(o->ulimits[i].name, u.name)) {
            o->ulimits[i] = u;
            return 0;
        }
    }
    o->ulimits = arena_grow(o->arena, o->ulimits, o->n_ulimits, o->n_ulimits + 1, sizeof(u));
    o->ulimits[o->n_ulimits++] = u;
    return 0;
}

static bool access_valid(const char *s)
{
    size_t n = strlen(s);
    return n >= 1 && n <= 3 && strspn(s, "rwm") == n &&
           !(n > 1 && (s[0] == s[1] || (n > 2 && (s[1] == s[2] || s[0] == s[2]))));
}

int run_options_add_device(struct run_options *o, const char *value, struct error *err)
{
    struct oci_strings part;
    if (text_has_control(value))
        return error_set(err, -EINVAL, "a device must not have control characters in it");
    list_split(o->arena, value, ':', &part);
    struct run_device d = { .host = part.v[0], .container = part.v[0], .access = "rwm" };
    if (part.n > 3 || d.host[0] != '/')
        return error_set(err, -EINVAL, "\"%s\" must be HOST[:CONTAINER][:rwm] with absolute paths", value);
    if (part.n == 3 || (part.n == 2 && part.v[1][0] == '/'))
        d.container = part.v[1];
    if (part.n >= 2 && d.container != part.v[part.n - 1])
        d.access = part.v[part.n - 1];
    if (!access_valid(d.access))
        return error_set(err, -EINVAL, "\"%s\": what may be done must be of r, w and m, each once", d.access);
    int r = container_path_clean(o->arena, d.container, &d.container, err);
    if (r < 0)
        return r;
    o->devices = arena_grow(o->arena, o->devices, o->n_devices, o->n_devices + 1, sizeof(d));
    o->devices[o->n_devices++] = d;
    return 0;
}

static int device_number(const char *s, struct opt_i64 *ret)
{
    uint32_t v;
    *ret = (struct opt_i64){ 0 };
    if (str_eq(s, "*"))
        return 0;
    int r = parse_u32(s, &v);
    if (r == 0)
        *ret = (struct opt_i64){ true, v };
    return r;
}

int run_options_add_device_rule(struct run_options *o, const char *value, struct error *err)
{
    struct oci_strings word, number;
    struct oci_device_rule rule = { .allow = true };
    list_split(o->arena, value, ' ', &word);
    bool ok = word.n == 3 && (str_eq(word.v[0], "a") || str_eq(word.v[0], "b") || str_eq(word.v[0], "c"));
    if (ok) {
        list_split(o->arena, word.v[1], ':', &number);
        rule.type = word.v[0];
        rule.access = word.v[2];
        ok = number.n == 2 && device_number(number.v[0], &rule.major) == 0 &&
             device_number(number.v[1], &rule.minor) == 0 && access_valid(rule.access);
    }
    if (!ok)
        return error_set(err, -EINVAL, "\"%s\" must be like 'c 1:3 rwm' or 'b 8:* r'", value);
    o->device_rules = arena_grow(o->arena, o->device_rules, o->n_device_rules, o->n_device_rules + 1,
                                 sizeof(rule));
    o->device_rules[o->n_device_rules++] = rule;
    return 0;
}

int throttles_add(struct arena *a, struct run_throttles *list, const char *value, bool bytes,
                  struct error *err)
{
    const char *colon = strrchr(value, ':');
    int64_t size = 0;
    struct run_throttle t = { 0 };
    if (colon == NULL || value[0] != '/' || text_has_control(value))
        return error_set(err, -EINVAL, "\"%s\" must be DEVICE:NUMBER, with the path of a block device",
                         value);
    int r = bytes ? parse_size(colon + 1, &size) : parse_u64(colon + 1, &t.rate);
    if (r < 0)
        return error_set(err, -EINVAL, "\"%s\" must be a %s", colon + 1,
                         bytes ? "size such as 1mb" : "whole number that is not negative");
    if (bytes)
        t.rate = (uint64_t) size;
    t.path = arena_strndup(a, value, (size_t) (colon - value));
    list->v = arena_grow(a, list->v, list->n, list->n + 1, sizeof(t));
    list->v[list->n++] = t;
    return 0;
}

int cpu_list_check(const char *value, struct error *err)
{
    bool ok = value[0] != '\0';
    for (const char *p = value; ok && *p != '\0';) {
        uint32_t bound[2];
        char text[11];
        for (int i = 0; ok && i < 2; i++) {
            size_t n = strspn(p, "0123456789");
            ok = n > 0 && n < sizeof(text);
            if (!ok)
                break;
            memcpy(text, p, n);
            text[n] = '\0';
            ok = parse_u32(text, &bound[i]) == 0 && bound[i] < 65536;
            p += n;
            if (i == 0 && *p == '-')
                p++;
            else if (i == 0)
                bound[++i] = bound[0];
        }
        ok = ok && bound[0] <= bound[1];
        if (ok && *p == ',')
            ok = *++p != '\0';
        else if (ok)
            ok = *p == '\0';
    }
    return ok ? 0 : error_set(err, -EINVAL, "\"%s\" must be a list of numbers such as 0-2,4", value);
}
