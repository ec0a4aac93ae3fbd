// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a profile is read as JSON, rules whose conditions do not hold are dropped, what is docker's alone is translated, and the
 * rest is a linux.seccomp object that oci/ reads like any other.
 *
 * Threat: a condition that is misread grants a call. Wrong types are errors, never "absent"; an unknown capability is held by
 * nobody.
 */
#include "confine/seccomp_profile.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "base/parse.h"
#include "confine/capabilities.h"
#include "confine/seccomp_names.h"
#include "oci/bigint.h"

#define NOT_APPLIED "\001" /* the only name of a rule that is left out; no call is called that */

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

/* One side of a rule's condition, with which of its questions are answered by yes. */
struct side {
    const json_t *obj;
    bool has_caps, has_arches, has_kernel;
    bool all_caps, any_cap, arch, kernel;
};

static int read_strings(const json_t *obj, const char *path, const char *key, const json_t **ret,
                        struct error *err)
{
    const json_t *list = json_object_get(obj, key), *item;
    size_t i;
    *ret = NULL;
    if (list == NULL || json_is_null(list))
        return 0;
    if (!json_is_array(list))
        return error_set(err, -EINVAL, "%s.%s: must be an array", path, key);
    json_array_foreach(list, i, item) if (!oci_json_is_string(item)) return error_set(
        err, -EINVAL, "%s.%s[%zu]: must be a string", path, key, i);
    *ret = list;
    return 0;
}

static void read_caps(struct side *s, const json_t *list, const char *path,
                      const struct seccomp_profile_env *env)
{
    const json_t *item;
    size_t i;
    s->has_caps = json_array_size(list) > 0;
    s->all_caps = true;
    json_array_foreach(list, i, item)
    {
        unsigned cap;
        bool held = false;
        if (capability_parse(json_string_value(item), &cap) < 0)
            log_warn("%s.caps[%zu]: unknown capability \"%s\" is taken as not granted", path, i,
                     json_string_value(item));
        else
            held = (env->caps & (1ULL << cap)) != 0;
        s->all_caps = s->all_caps && held;
        s->any_cap = s->any_cap || held;
    }
}

static int read_kernel(struct side *s, const char *path, const struct seccomp_profile_env *env,
                       struct error *err)
{
    const json_t *version = json_object_get(s->obj, "minKernel");
    unsigned major, minor;
    if (version == NULL || json_is_null(version) ||
        (oci_json_is_string(version) && str_empty(json_string_value(version))))
        return 0;
    if (!oci_json_is_string(version) || version_parse(json_string_value(version), false, &major, &minor) < 0)
        return error_set(err, -EINVAL, "%s.minKernel: must be a string like \"4.8\"", path);
    s->has_kernel = true;
    s->kernel = env->kernel_major > major || (env->kernel_major == major && env->kernel_minor >= minor);
    return 0;
}

static int read_side(const json_t *rule, const char *rule_path, const char *key,
                     const struct seccomp_profile_env *env, struct side *s, struct error *err)
{
    char path[256];
    const json_t *list, *item;
    size_t i;
    *s = (struct side){ .obj = json_object_get(rule, key) };
    if (s->obj == NULL || json_is_null(s->obj))
        return 0;
    int r = str_format(path, sizeof(path), "%s.%s", rule_path, key);
    if (r < 0)
        return error_set(err, r, "%s: path is too long", key);
    if (!json_is_object(s->obj))
        return error_set(err, -EINVAL, "%s: must be an object", path);
    r = read_strings(s->obj, path, "caps", &list, err);
    if (r < 0)
        return r;
    read_caps(s, list, path, env);
    r = read_strings(s->obj, path, "arches", &list, err);
    if (r < 0)
        return r;
    s->has_arches = json_array_size(list) > 0;
    json_array_foreach(list, i, item) s->arch = s->arch || str_eq(json_string_value(item), env->arch);
    return read_kernel(s, path, env, err);
}

/* 1: the rule counts, 0: it does not. */
static int rule_applies(const json_t *rule, const char *path, const struct seccomp_profile_env *env,
                        struct error *err)
{
    struct side in, ex;
    int r = read_side(rule, path, "includes", env, &in, err);
    if (r >= 0)
        r = read_side(rule, path, "excludes", env, &ex, err);
    if (r < 0)
        return r;
    if ((in.has_caps && !in.all_caps) || (in.has_arches && !in.arch) || (in.has_kernel && !in.kernel))
        return 0;
    return !(ex.any_cap || ex.arch || (ex.has_kernel && ex.kernel));
}

static void copy_member(json_t *to, const json_t *from, const char *key)
{
    json_t *value = json_object_get(from, key);
    if (value != NULL && !json_is_null(value))
        json_object_set(to, key, value);
}

/* errnoRet, or the name that podman has for it. */
static int copy_errno(json_t *to, const json_t *from, const char *path, const char *number_key,
                      const char *name_key, struct error *err)
{
    copy_member(to, from, number_key);
    const json_t *name = json_object_get(from, name_key);
    if (json_object_get(to, number_key) != NULL || name == NULL || json_is_null(name))
        return 0;
    if (!oci_json_is_string(name))
        return error_set(err, -EINVAL, "%s%s%s: must be a string", path, path[0] == '\0' ? "" : ".",
                         name_key);
    if (str_empty(json_string_value(name)))
        return 0;
    for (int i = 1; i < 256; i++) {
        const char *known = strerrorname_np(i);
        if (known != NULL && str_eq(known, json_string_value(name))) {
            json_object_set_new(to, number_key, json_integer(i));
            return 0;
        }
    }
    return error_set(err, -EINVAL, "%s%s%s: unknown error name \"%s\"", path, path[0] == '\0' ? "" : ".",
                     name_key, json_string_value(name));
}

static int translate_rule(const json_t *rule, const char *path, json_t *rules,
                          const struct seccomp_profile_env *env, struct error *err)
{
    if (!json_is_object(rule))
        return error_set(err, -EINVAL, "%s: must be an object", path);
    int r = rule_applies(rule, path, env, err);
    if (r < 0)
        return r;
    if (r == 0) { /* so that the others keep their numbers in messages */
        json_array_append_new(rules, json_pack("{s[s]ss}", "names", NOT_APPLIED, "action", "SCMP_ACT_ALLOW"));
        return 0;
    }
    _cleanup_json_ json_t *out = json_object();
    copy_member(out, rule, "names");
    copy_member(out, rule, "action");
    copy_member(out, rule, "args");
    r = copy_errno(out, rule, path, "errnoRet", "errno", err);
    if (r < 0)
        return r;
    const json_t *name = json_object_get(rule, "name");
    if (name != NULL && !json_is_null(name)) {
        if (!oci_json_is_string(name))
            return error_set(err, -EINVAL, "%s.name: must be a string", path);
        if (strlen(json_string_value(name)) > 0 && json_array_size(json_object_get(out, "names")) > 0)
            return error_set(err, -EINVAL, "%s: has both name and names", path);
        if (strlen(json_string_value(name)) > 0)
            json_object_set_new(out, "names", json_pack("[s]", json_string_value(name)));
    }
    json_array_append(rules, out);
    return 0;
}

static int translate_rules(const json_t *profile, json_t *out, const struct seccomp_profile_env *env,
                           struct error *err)
{
    const json_t *rules = json_object_get(profile, "syscalls"), *rule;
    size_t i;
    if (rules == NULL || json_is_null(rules))
        return 0;
    if (!json_is_array(rules))
        return error_set(err, -EINVAL, "syscalls: must be an array");
    json_t *kept = json_array();
    json_object_set_new(out, "syscalls", kept);
    json_array_foreach(rules, i, rule)
    {
        char path[64];
        (void) snprintf(path, sizeof(path), "syscalls[%zu]", i);
        int r = translate_rule(rule, path, kept, env, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static const char *machine_name(const struct seccomp_profile_env *env)
{
    for (unsigned i = 0; i < SECCOMP_ARCHES; i++)
        if (str_eq(env->arch, seccomp_arches[i].docker))
            return seccomp_arches[i].oci;
    return "";
}

static int translate_arches(const json_t *profile, json_t *out, const struct seccomp_profile_env *env,
                            struct error *err)
{
    const json_t *map = json_object_get(profile, "archMap"), *entry, *subs, *item;
    size_t i, k;
    copy_member(out, profile, "architectures");
    if (map == NULL || json_is_null(map))
        return 0;
    if (!json_is_array(map))
        return error_set(err, -EINVAL, "archMap: must be an array");
    if (json_array_size(map) > 0 && json_array_size(json_object_get(out, "architectures")) > 0)
        return error_set(err, -EINVAL, "archMap: stands beside architectures; only one of them can be used");
    json_array_foreach(map, i, entry)
    {
        char path[64];
        const char *arch;
        (void) snprintf(path, sizeof(path), "archMap[%zu]", i);
        if (!json_is_object(entry))
            return error_set(err, -EINVAL, "%s: must be an object", path);
        int r = json_get_string(entry, path, "architecture", true, &arch, err);
        if (r >= 0)
            r = read_strings(entry, path, "subArchitectures", &subs, err);
        if (r < 0)
            return r;
        if (!str_eq(arch, machine_name(env)) || json_object_get(out, "architectures") != NULL)
            continue;
        json_t *list = json_pack("[s]", arch);
        json_array_foreach(subs, k, item) json_array_append(list, (json_t *) item);
        json_object_set_new(out, "architectures", list);
    }
    return 0;
}

/* Drops the rules that stand in for those that do not apply, and forgets the JSON: it does not outlive the parser. */
static void finish(struct oci_seccomp *sec)
{
    size_t kept = 0;
    for (size_t i = 0; i < sec->n_rules; i++) {
        struct oci_seccomp_rule *r = &sec->rules[i];
        if (str_eq(r->names.v[0], NOT_APPLIED))
            continue;
        r->origin = NULL;
        for (size_t k = 0; k < r->n_args; k++)
            r->args[k].origin = NULL;
        sec->rules[kept++] = *r;
    }
    sec->n_rules = kept;
    sec->origin = NULL;
    sec->set = true;
}

int seccomp_profile_parse(const char *text, size_t len, const char *name,
                          const struct seccomp_profile_env *env, struct arena *a, struct oci_seccomp *ret,
                          struct error *err)
{
    _cleanup_json_ json_t *profile = NULL;
    _cleanup_json_ json_t *out = json_object();
    struct oci_seccomp sec = { 0 };
    int r = oci_json_parse(text, len, name, &profile, err);
    if (r < 0)
        return r; /* says the name itself */
    if (!json_is_object(profile))
        return error_set(err, -EINVAL, "%s: must be an object", name);
    copy_member(out, profile, "defaultAction");
    copy_member(out, profile, "flags");
    copy_member(out, profile, "listenerPath");
    copy_member(out, profile, "listenerMetadata");
    r = copy_errno(out, profile, "", "defaultErrnoRet", "defaultErrno", err);
    if (r >= 0)
        r = translate_arches(profile, out, env, err);
    if (r >= 0)
        r = translate_rules(profile, out, env, err);
    if (r >= 0)
        r = oci_seccomp_from_json(out, "", a, &sec, err);
    if (r < 0)
        return error_context(err, r, "%s", name);
    finish(&sec);
    *ret = sec;
    return 0;
}
