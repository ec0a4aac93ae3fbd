// SPDX-License-Identifier: Apache-2.0
/*
 * engine/options_security.c: --security-opt. KEY=VALUE; docker's older KEY:VALUE is read as well. An option that is not known
 * is an error: a security option that is silently dropped is worse than none.
 */
#include <errno.h>

#include "base/parse.h"
#include "engine/options_internal.h"

static int add_paths(struct run_options *o, struct oci_strings *list, const char *value, bool all_is_a_word,
                     struct error *err)
{
    struct oci_strings part;
    list_split(o->arena, value, ':', &part);
    for (size_t i = 0; i < part.n; i++) {
        const char *path = part.v[i];
        if (!all_is_a_word || !(str_eq(path, "ALL") || str_eq(path, "all"))) {
            int r = container_path_clean(o->arena, path, &path, err);
            if (r < 0)
                return r;
        } else {
            path = "ALL";
        }
        oci_strings_add(o->arena, list, path);
    }
    return 0;
}

static int add_bool(struct opt_bool *ret, const char *key, const char *value, struct error *err)
{
    ret->v = true;
    if (value != NULL && parse_bool(value, &ret->v) < 0)
        return error_set(err, -EINVAL, "%s must be true or false, not \"%s\"", key, value);
    ret->set = true;
    return 0;
}

static int add_landlock(struct run_options *o, const char *value, struct error *err)
{
    if (!str_eq(value, "on") && !str_eq(value, "off"))
        return error_set(err, -EINVAL, "landlock must be on or off, not \"%s\"", value);
    o->landlock = (struct opt_bool){ true, value[1] == 'n' };
    return 0;
}

static int add_label(struct run_options *o, const char *value, struct error *err)
{
    static const char *const kinds[] = { "user:", "role:", "type:", "level:" };
    bool ok = str_eq(value, "disable");
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        ok = ok || (str_after(value, kinds[i]) != NULL && value[strlen(kinds[i])] != '\0');
    if (!ok)
        return error_set(err, -EINVAL,
                         "label must be disable or one of user:X role:X type:X level:X, not \"%s\"", value);
    oci_strings_add(o->arena, &o->selinux, value);
    return 0;
}

static int add_with_value(struct run_options *o, const char *key, const char *value, struct error *err)
{
    if (str_eq(key, "seccomp"))
        o->seccomp = value;
    else if (str_eq(key, "apparmor"))
        o->apparmor = value;
    else if (str_eq(key, "label"))
        return add_label(o, value, err);
    else if (str_eq(key, "landlock"))
        return add_landlock(o, value, err);
    else if (str_eq(key, "mask"))
        return add_paths(o, &o->mask, value, false, err);
    else if (str_eq(key, "unmask"))
        return add_paths(o, &o->unmask, value, true, err);
    else if (str_eq(key, "systempaths") && str_eq(value, "unconfined"))
        o->systempaths_unconfined = true;
    else if (str_eq(key, "systempaths"))
        return error_set(err, -EINVAL, "systempaths can only be unconfined, not \"%s\"", value);
    else
        return 1;
    return 0;
}

int run_options_add_security(struct run_options *o, const char *value, struct error *err)
{
    static const char *const known[] = { "no-new-privileges", "seccomp", "apparmor", "label",
                                         "landlock",          "mask",    "unmask",   "systempaths",
                                         "writable-cgroups" };
    if (text_has_control(value))
        return error_set(err, -EINVAL, "a security option must not have control characters in it");
    size_t n = strcspn(value, "=");
    if (value[n] == '\0')
        n = strcspn(value, ":");
    const char *key = arena_strndup(o->arena, value, n);
    const char *rest = value[n] != '\0' ? value + n + 1 : NULL;
    struct opt_bool flag;
    if (str_eq(key, "no-new-privileges"))
        return add_bool(&o->no_new_privileges, key, rest, err);
    if (str_eq(key, "writable-cgroups")) {
        int r = add_bool(&flag, key, rest, err);
        o->writable_cgroups = r == 0 && flag.v;
        return r;
    }
    bool is_known = false;
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        is_known = is_known || str_eq(key, known[i]);
    if (is_known && str_empty(rest))
        return error_set(err, -EINVAL, "%s needs a value: %s=…", key, key);
    int r = is_known ? add_with_value(o, key, arena_strdup(o->arena, rest), err) : 1;
    if (r <= 0)
        return r;
    const char *near = nearest_name(key, known, ARRAY_LEN(known));
    return error_set(err, -EINVAL, "there is no security option \"%s\"%s%s%s", key,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}
