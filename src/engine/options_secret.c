// SPDX-License-Identifier: Apache-2.0
/*
 * engine/options_secret.c: --secret, as podman spells it (NAME,target=FILE,uid=N,gid=N,mode=OCTAL) and as docker does
 * (source=NAME,target=FILE,…). A secret is a file; those who want it in the environment are told why not.
 */
#include <errno.h>

#include "base/parse.h"
#include "engine/options_internal.h"
#include "engine/secrets.h"

static int set_id(struct opt_i64 *to, const char *key, const char *value, struct error *err)
{
    uint32_t n;
    if (parse_u32(value, &n) < 0 || n == UINT32_MAX)
        return error_set(err, -EINVAL, "%s must be the number of a user or group, not \"%s\"", key, value);
    *to = (struct opt_i64){ true, n };
    return 0;
}

/* "x", or with its directory "/run/secrets/x". */
static int set_target(struct run_secret *s, const char *value, struct error *err)
{
    const char *below = str_after(value, SECRETS_TARGET "/");
    s->file = below != NULL ? below : value;
    if (str_empty(s->file) || s->file[0] == '.' || strlen(s->file) > 255 || strchr(s->file, '/') != NULL)
        return error_set(
            err, -EINVAL,
            "target must be a file name, which is below %s then, and have no dot in front, not \"%s\"",
            SECRETS_TARGET, value);
    return 0;
}

static int set_type(const char *value, struct error *err)
{
    if (str_eq(value, "mount"))
        return 0;
    if (str_eq(value, "env"))
        return error_set(
            err, -ENOTSUP,
            "type=env is not done, as an environment is read by whoever sees the process; let the program read "
            "the file (many take NAME_FILE=%s/NAME)",
            SECRETS_TARGET);
    return error_set(err, -EINVAL, "type must be mount, not \"%s\"", value);
}

static int secret_field(struct run_secret *s, const char *field, bool first, struct arena *a,
                        struct error *err)
{
    const char *equals = strchr(field, '='), *value = equals != NULL ? equals + 1 : "";
    const char *key = equals != NULL ? arena_strndup(a, field, (size_t) (equals - field)) : field;
    if (equals == NULL && first) {
        s->name = field;
        return 0;
    }
    if (str_eq(key, "source") || str_eq(key, "src") || str_eq(key, "id")) {
        s->name = value;
        return 0;
    }
    if (str_eq(key, "target") || str_eq(key, "dst") || str_eq(key, "destination"))
        return set_target(s, value, err);
    if (str_eq(key, "type"))
        return set_type(value, err);
    if (str_eq(key, "uid"))
        return set_id(&s->uid, key, value, err);
    if (str_eq(key, "gid"))
        return set_id(&s->gid, key, value, err);
    if (str_eq(key, "mode")) {
        if (parse_octal(value, 0777, &s->mode) < 0)
            return error_set(err, -EINVAL, "mode must be octal, from 0 to 0777, not \"%s\"", value);
        return 0;
    }
    return error_set(err, -EINVAL, "there is no key \"%s\"; write NAME,target=FILE,uid=N,gid=N,mode=OCTAL",
                     key);
}

int run_options_add_secret(struct run_options *o, const char *value, struct error *err)
{
    struct run_secret s = { .mode = 0400 };
    struct oci_strings field;
    if (text_has_control(value))
        return error_set(err, -EINVAL, "a secret must not have control characters in its name");
    int r = csv_split(o->arena, value, &field, err);
    for (size_t i = 0; r == 0 && i < field.n; i++)
        r = secret_field(&s, field.v[i], i == 0, o->arena, err);
    if (r < 0)
        return r;
    if (s.name == NULL || !object_name_valid(s.name))
        return error_set(err, -EINVAL,
                         "it needs the name of a secret (\"oakum secret ls\" shows them), not \"%s\"",
                         s.name != NULL ? s.name : "");
    if (s.file == NULL)
        s.file = s.name;
    for (size_t i = 0; i < o->n_secrets; i++)
        if (str_eq(o->secrets[i].file, s.file))
            return error_set(err, -EINVAL, "two secrets have the target \"%s\"", s.file);
    o->secrets = arena_grow(o->arena, o->secrets, o->n_secrets, o->n_secrets + 1, sizeof(s));
    o->secrets[o->n_secrets++] = s;
    return 0;
}
