// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a profile is read by oci/doc.h (it is on the path of every `oakum run`), rules whose conditions do not hold are
 * dropped, what is docker's alone is translated, and the rest becomes a struct oci_seccomp.
 *
 * Threat: a condition that is misread grants a call. Wrong types are errors, never "absent"; an unknown capability is held by
 * nobody.
 */
#include "confine/seccomp_profile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/libc.h"
#include "base/log.h"
#include "base/parse.h"
#include "confine/capabilities.h"
#include "confine/seccomp_names.h"
#include "oci/doc.h"

#define ERRNO_NAMES 256 /* above the highest that Linux has */

extern const unsigned char seccomp_default_json[], seccomp_docker_json[];
extern const size_t seccomp_default_json_len, seccomp_docker_json_len;

const char *seccomp_profile_default(size_t *len)
{
    *len = seccomp_default_json_len;
    return (const char *) seccomp_default_json;
}

const char *seccomp_profile_docker(size_t *len)
{
    *len = seccomp_docker_json_len;
    return (const char *) seccomp_docker_json;
}

/* "6.1", and as uname has it "6.1.0-13-amd64" when the rest is not to be looked at. */
static int version_parse(const char *s, bool prefix, unsigned *ret_major, unsigned *ret_minor)
{
    char part[2][8];
    for (int i = 0; i < 2; i++) {
        size_t n = strspn(s, "0123456789");
        if (n == 0 || n >= sizeof(part[i]))
            return -EINVAL;
        memcpy(part[i], s, n);
        part[i][n] = '\0';
        s += n;
        if (i == 0 && *s++ != '.')
            return -EINVAL;
    }
    uint32_t major, minor;
    if ((*s != '\0' && !prefix) || parse_u32(part[0], &major) < 0 || parse_u32(part[1], &minor) < 0)
        return -EINVAL;
    *ret_major = major;
    *ret_minor = minor;
    return 0;
}

void seccomp_profile_env_init(struct seccomp_profile_env *env, uint64_t caps)
{
    struct utsname u;
    *env = (struct seccomp_profile_env){ .caps = caps, .arch = seccomp_arches[SECCOMP_ARCH_NATIVE].docker };
    if (uname(&u) < 0 || version_parse(u.release, true, &env->kernel_major, &env->kernel_minor) < 0) {
        env->kernel_major = 5; /* oakum's floor */
        env->kernel_minor = 15;
    }
}

/* What every reader needs. */
struct reader {
    const struct seccomp_profile_env *env;
    struct arena *arena;
    const char *name; /* of the document */
    struct error *err;
};

#define BAD(r, ...) profile_error((r), __VA_ARGS__)
static _printf_(2, 3) int profile_error(const struct reader *r, const char *fmt, ...)
{
    char sentence[512];
    va_list ap;
    va_start(ap, fmt);
    (void) vsnprintf(sentence, sizeof(sentence), fmt, ap);
    va_end(ap);
    return error_set(r->err, -EINVAL, "%s: %s", r->name, sentence);
}

/* A member that is null or "" counts as absent, as in Go. */
static const struct doc *member(const struct doc *obj, const char *key)
{
    const struct doc *d = doc_get(obj, key);
    return d == NULL || d->type == DOC_NULL || (d->type == DOC_STRING && d->n == 0) ? NULL : d;
}

static size_t doc_count(const struct doc *d)
{
    return d == NULL ? 0 : d->n;
}

/* Each *ret is NULL when the member is absent. */
static int get_string(const struct reader *r, const struct doc *obj, const char *path, const char *key,
                      const char **ret)
{
    const struct doc *d = member(obj, key);
    *ret = NULL;
    if (d != NULL && d->type != DOC_STRING)
        return BAD(r, "%s%s: must be a string", path, key);
    *ret = d == NULL ? NULL : d->s;
    return 0;
}

static int get_list(const struct reader *r, const struct doc *obj, const char *path, const char *key,
                    const struct doc **ret)
{
    const struct doc *d = member(obj, key);
    *ret = NULL;
    if (d != NULL && d->type != DOC_ARRAY)
        return BAD(r, "%s%s: must be an array", path, key);
    *ret = d;
    return 0;
}

static int get_object(const struct reader *r, const struct doc *obj, const char *path, const char *key,
                      const struct doc **ret)
{
    const struct doc *d = member(obj, key);
    *ret = NULL;
    if (d != NULL && d->type != DOC_OBJECT)
        return BAD(r, "%s%s: must be an object", path, key);
    *ret = d;
    return 0;
}

static int get_strings(const struct reader *r, const struct doc *obj, const char *path, const char *key,
                       struct oci_strings *ret)
{
    const struct doc *list;
    int e = get_list(r, obj, path, key, &list);
    if (e < 0)
        return e;
    size_t n = doc_count(list);
    const char **v = arena_array(r->arena, n, sizeof(*v));
    for (size_t i = 0; i < n; i++) {
        if (list->items[i].type != DOC_STRING || list->items[i].n == 0)
            return BAD(r, "%s%s[%zu]: must be a string", path, key, i);
        v[i] = list->items[i].s;
    }
    *ret = (struct oci_strings){ .v = v, .n = n };
    return 0;
}

static int get_number(const struct reader *r, const struct doc *obj, const char *path, const char *key,
                      bool required, uint64_t max, struct opt_u64 *ret)
{
    const struct doc *d = doc_get(obj, key);
    *ret = (struct opt_u64){ 0 };
    if (d == NULL || d->type == DOC_NULL)
        return required ? BAD(r, "%s%s: is missing", path, key) : 0;
    if (d->type != DOC_INT && d->type != DOC_UINT)
        return BAD(r, "%s%s: must be an integer", path, key);
    uint64_t v = d->type == DOC_UINT ? d->u : (uint64_t) d->i;
    if ((d->type == DOC_INT && d->i < 0) || v > max)
        return BAD(r, "%s%s: is out of range (0..%" PRIu64 ")", path, key, max);
    *ret = (struct opt_u64){ .set = true, .v = v };
    return 0;
}

/* errnoRet, or the name that podman has for it. */
static int get_errno(const struct reader *r, const struct doc *obj, const char *path, const char *number_key,
                     const char *name_key, struct opt_u32 *ret)
{
    struct opt_u64 number;
    const char *name;
    int e = get_number(r, obj, path, number_key, false, UINT16_MAX, &number);
    if (e >= 0)
        e = get_string(r, obj, path, name_key, &name);
    if (e < 0)
        return e;
    *ret = (struct opt_u32){ .set = number.set, .v = (uint32_t) number.v };
    if (number.set || name == NULL)
        return 0;
    for (uint32_t i = 1; i < ERRNO_NAMES; i++) {
        const char *known = strerrorname_np((int) i);
        if (known != NULL && str_eq(known, name)) {
            *ret = (struct opt_u32){ .set = true, .v = i };
            return 0;
        }
    }
    return BAD(r, "%s%s: unknown error name \"%s\"", path, name_key, name);
}

static int get_action(const struct reader *r, const struct doc *obj, const char *path, const char *key,
                      enum oci_seccomp_action *ret)
{
    const char *name;
    int e = get_string(r, obj, path, key, &name);
    if (e < 0)
        return e;
    if (name == NULL)
        return BAD(r, "%s%s: is missing", path, key);
    if (oci_seccomp_action_parse(name, ret) < 0)
        return BAD(r, "%s%s: unknown action \"%s\"", path, key, name);
    return 0;
}

/* One side of a rule's condition: which of its questions it asks, and how they are answered. */
struct side {
    bool has_caps, has_arches, has_kernel;
    bool all_caps, any_cap, arch, kernel;
};

static void read_caps(const struct reader *r, const struct oci_strings *list, const char *path,
                      struct side *s)
{
    s->has_caps = list->n > 0;
    s->all_caps = true;
    for (size_t i = 0; i < list->n; i++) {
        unsigned cap;
        bool held = false;
        if (capability_parse(list->v[i], &cap) < 0)
            log_warn("%s: %scaps[%zu]: unknown capability \"%s\" is taken as not granted", r->name, path, i,
                     list->v[i]);
        else
            held = (r->env->caps & (1ULL << cap)) != 0;
        s->all_caps = s->all_caps && held;
        s->any_cap = s->any_cap || held;
    }
}

static int read_side(const struct reader *r, const struct doc *rule, const char *rule_path, const char *key,
                     struct side *s)
{
    char path[128];
    const struct doc *obj;
    struct oci_strings list = { 0 };
    const char *version;
    unsigned major, minor;
    *s = (struct side){ 0 };
    int e = get_object(r, rule, rule_path, key, &obj);
    if (e < 0 || obj == NULL)
        return e;
    (void) snprintf(path, sizeof(path), "%s%s.", rule_path, key);
    e = get_strings(r, obj, path, "caps", &list);
    if (e < 0)
        return e;
    read_caps(r, &list, path, s);
    e = get_strings(r, obj, path, "arches", &list);
    if (e < 0)
        return e;
    s->has_arches = list.n > 0;
    for (size_t i = 0; i < list.n; i++)
        s->arch = s->arch || str_eq(list.v[i], r->env->arch);
    e = get_string(r, obj, path, "minKernel", &version);
    if (e < 0 || version == NULL)
        return e;
    if (version_parse(version, false, &major, &minor) < 0)
        return BAD(r, "%sminKernel: must be like \"4.8\"", path);
    s->has_kernel = true;
    s->kernel = r->env->kernel_major > major ||
                (r->env->kernel_major == major && r->env->kernel_minor >= minor);
    return 0;
}

/* 1: the rule counts, 0: it does not. */
static int rule_applies(const struct reader *r, const struct doc *rule, const char *path)
{
    struct side in, ex;
    int e = read_side(r, rule, path, "includes", &in);
    if (e >= 0)
        e = read_side(r, rule, path, "excludes", &ex);
    if (e < 0)
        return e;
    if ((in.has_caps && !in.all_caps) || (in.has_arches && !in.arch) || (in.has_kernel && !in.kernel))
        return 0;
    return !(ex.any_cap || ex.arch || (ex.has_kernel && ex.kernel));
}

static int read_args(const struct reader *r, const struct doc *rule, const char *rule_path,
                     struct oci_seccomp_rule *to)
{
    const struct doc *list;
    int e = get_list(r, rule, rule_path, "args", &list);
    if (e < 0)
        return e;
    to->n_args = doc_count(list);
    to->args = arena_array(r->arena, to->n_args, sizeof(*to->args));
    for (size_t i = 0; i < to->n_args; i++) {
        char path[128];
        struct opt_u64 index, value, value_two;
        const char *op;
        (void) snprintf(path, sizeof(path), "%sargs[%zu].", rule_path, i);
        if (list->items[i].type != DOC_OBJECT)
            return BAD(r, "%sargs[%zu]: must be an object", rule_path, i);
        e = get_number(r, &list->items[i], path, "index", true, 5, &index);
        if (e >= 0)
            e = get_number(r, &list->items[i], path, "value", true, UINT64_MAX, &value);
        if (e >= 0)
            e = get_number(r, &list->items[i], path, "valueTwo", false, UINT64_MAX, &value_two);
        if (e >= 0)
            e = get_string(r, &list->items[i], path, "op", &op);
        if (e < 0)
            return e;
        to->args[i] = (struct oci_seccomp_arg){ .index = (uint32_t) index.v,
                                                .value = value.v,
                                                .value_two = value_two.v };
        if (op == NULL || oci_seccomp_op_parse(op, &to->args[i].op) < 0)
            return BAD(r, "%sop: %s%s", path, op == NULL ? "is missing" : "unknown operator ",
                       op == NULL ? "" : op);
    }
    return 0;
}

static int read_names(const struct reader *r, const struct doc *rule, const char *path,
                      struct oci_strings *ret)
{
    const char *name;
    int e = get_strings(r, rule, path, "names", ret);
    if (e >= 0)
        e = get_string(r, rule, path, "name", &name);
    if (e < 0)
        return e;
    if (name != NULL && ret->n > 0)
        return BAD(r, "%sname: stands beside names; only one of them can be used", path);
    if (name != NULL) {
        ret->v = arena_array(r->arena, 1, sizeof(*ret->v));
        ret->v[0] = name;
        ret->n = 1;
    }
    return ret->n == 0 ? BAD(r, "%snames: must have at least one entry", path) : 0;
}

static int read_rules(const struct reader *r, const struct doc *profile, struct oci_seccomp *sec)
{
    const struct doc *list;
    int e = get_list(r, profile, "", "syscalls", &list);
    if (e < 0)
        return e;
    sec->rules = arena_array(r->arena, doc_count(list), sizeof(*sec->rules));
    for (size_t i = 0; i < doc_count(list); i++) {
        const struct doc *rule = &list->items[i];
        struct oci_seccomp_rule *to = &sec->rules[sec->n_rules];
        char path[64];
        (void) snprintf(path, sizeof(path), "syscalls[%zu].", i);
        if (rule->type != DOC_OBJECT)
            return BAD(r, "syscalls[%zu]: must be an object", i);
        int applies = rule_applies(r, rule, path);
        e = applies;
        if (e >= 0)
            e = read_names(r, rule, path, &to->names);
        if (e >= 0)
            e = get_action(r, rule, path, "action", &to->action);
        if (e >= 0)
            e = get_errno(r, rule, path, "errnoRet", "errno", &to->errno_ret);
        if (e >= 0)
            e = read_args(r, rule, path, to);
        if (e < 0)
            return e;
        if (to->errno_ret.set && to->action != OCI_ACT_ERRNO && to->action != OCI_ACT_TRACE)
            return BAD(r, "%serrnoRet: %s has no errno", path, oci_seccomp_action_name(to->action));
        sec->n_rules += applies != 0;
    }
    return 0;
}

static int read_arch_map(const struct reader *r, const struct doc *map, struct oci_seccomp *sec)
{
    bool found = false;
    for (size_t i = 0; i < doc_count(map); i++) {
        char path[64];
        const char *name;
        struct oci_strings subs;
        enum seccomp_arch arch;
        (void) snprintf(path, sizeof(path), "archMap[%zu].", i);
        if (map->items[i].type != DOC_OBJECT)
            return BAD(r, "archMap[%zu]: must be an object", i);
        int e = get_string(r, &map->items[i], path, "architecture", &name);
        if (e >= 0)
            e = get_strings(r, &map->items[i], path, "subArchitectures", &subs);
        if (e < 0)
            return e;
        if (name == NULL)
            return BAD(r, "%sarchitecture: is missing", path);
        if (found || seccomp_arch_parse(name, SECCOMP_ARCH_NATIVE, &arch) == -EINVAL)
            continue; /* an architecture that is not ours, whatever it may be */
        for (unsigned a = 0; a < SECCOMP_ARCHES; a++)
            found = found ||
                    (str_eq(name, seccomp_arches[a].oci) && str_eq(r->env->arch, seccomp_arches[a].docker));
        if (!found)
            continue;
        oci_strings_add(r->arena, &sec->architectures, name);
        for (size_t k = 0; k < subs.n; k++)
            oci_strings_add(r->arena, &sec->architectures, subs.v[k]);
    }
    return 0;
}

static int read_arches(const struct reader *r, const struct doc *profile, struct oci_seccomp *sec)
{
    const struct doc *map;
    enum seccomp_arch arch;
    int e = get_strings(r, profile, "", "architectures", &sec->architectures);
    if (e >= 0)
        e = get_list(r, profile, "", "archMap", &map);
    if (e < 0)
        return e;
    if (doc_count(map) > 0 && sec->architectures.n > 0)
        return BAD(r, "archMap: stands beside architectures; only one of them can be used");
    e = read_arch_map(r, map, sec);
    if (e < 0)
        return e;
    for (size_t i = 0; i < sec->architectures.n; i++)
        if (seccomp_arch_parse(sec->architectures.v[i], SECCOMP_ARCH_NATIVE, &arch) < 0)
            return BAD(r, "architectures: unknown architecture \"%s\"", sec->architectures.v[i]);
    return 0;
}

int seccomp_profile_parse(const char *text, size_t len, const char *name,
                          const struct seccomp_profile_env *env, struct arena *a, struct oci_seccomp *ret,
                          struct error *err)
{
    const struct reader r = { .env = env, .arena = a, .name = name, .err = err };
    struct oci_seccomp sec = { .set = true };
    const struct doc *profile;
    int e = doc_parse(text, len, name, a, &profile, err);
    if (e < 0)
        return e;
    if (profile->type != DOC_OBJECT)
        return BAD(&r, "must be an object");
    e = get_action(&r, profile, "", "defaultAction", &sec.default_action);
    if (e >= 0)
        e = get_errno(&r, profile, "", "defaultErrnoRet", "defaultErrno", &sec.default_errno_ret);
    if (e >= 0)
        e = read_arches(&r, profile, &sec);
    if (e >= 0)
        e = get_strings(&r, profile, "", "flags", &sec.flags);
    if (e >= 0)
        e = get_string(&r, profile, "", "listenerPath", &sec.listener_path);
    if (e >= 0)
        e = get_string(&r, profile, "", "listenerMetadata", &sec.listener_metadata);
    if (e >= 0)
        e = read_rules(&r, profile, &sec);
    if (e < 0)
        return e;
    if (sec.default_errno_ret.set && sec.default_action != OCI_ACT_ERRNO &&
        sec.default_action != OCI_ACT_TRACE)
        return BAD(&r, "defaultErrnoRet: %s has no errno", oci_seccomp_action_name(sec.default_action));
    *ret = sec;
    return 0;
}
