// SPDX-License-Identifier: Apache-2.0
/*
 * engine/options_env.c: environment lists. A name without a value takes the value from oakum's own environment: only names
 * that the person at the command line wrote are looked up, never one that an image names (CVE-2026-57231).
 */
#include <errno.h>

#include "base/secret_rules.h"
#include "engine/options_internal.h"

extern char **environ;

/* Length of the name in "NAME=value" or "NAME". */
static size_t name_length(const char *entry)
{
    return strcspn(entry, "=");
}

const char *env_list_get(const struct oci_strings *list, const char *key)
{
    size_t n = strlen(key);
    for (size_t i = list->n; i > 0; i--) {
        const char *e = list->v[i - 1];
        if (strncmp(e, key, n) == 0 && e[n] == '=')
            return e + n + 1;
    }
    return NULL;
}

void env_list_set(struct arena *a, struct oci_strings *list, const char *entry)
{
    size_t n = name_length(entry);
    for (size_t i = 0; i < list->n; i++) {
        if (strncmp(list->v[i], entry, n) != 0 || list->v[i][n] != '=')
            continue;
        if (entry[n] == '=') {
            list->v[i] = arena_strdup(a, entry);
        } else {
            memmove(&list->v[i], &list->v[i + 1], (list->n - i - 1) * sizeof(list->v[0]));
            list->n--;
        }
        return;
    }
    if (entry[n] == '=')
        oci_strings_add(a, list, entry);
}

static const char *own_environment(const char *name, size_t n)
{
    for (char **e = environ; e != NULL && *e != NULL; e++) {
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e;
    }
    return NULL;
}

int env_list_add(struct arena *a, struct oci_strings *list, const char *value, struct error *err)
{
    size_t n = name_length(value);
    if (n == 0)
        return error_set(err, -EINVAL, "\"%s\" has no name before the equals sign; write NAME=VALUE or NAME",
                         value);
    const char *own = value[n] == '=' ? NULL : own_environment(value, n);
    oci_strings_add(a, list, own != NULL ? own : value);
    return 0;
}

int env_secret_refuse(const char *entry, const char *source, struct error *err)
{
    size_t n = name_length(entry);
    const char *kind = entry[n] == '=' ? secret_in_variable(entry, n, entry + n + 1) : NULL;
    if (kind == NULL)
        return 0;
    return error_set(
        err, -EPERM,
        "%s %.*s: its value looks like a secret (%s), and whoever sees the container's settings or its /proc "
        "can read that; give it as a file (oakum secret create, --secret), or permit it by --env-secret-ok",
        source, (int) MIN_OF(n, (size_t) 128), entry, kind);
}

struct env_target {
    struct arena *arena;
    struct oci_strings *list;
};

static int add_env_line(void *arg, char *line, struct error *err)
{
    struct env_target *t = arg;
    size_t n = name_length(line);
    if (strcspn(line, " \t") < n)
        return error_set(err, -EINVAL, "the name of a variable must not have white space in it");
    /* A bare name in a file means "pass it on if there is one", and takes nothing away. */
    if (line[n] != '=' && (n == 0 || own_environment(line, n) == NULL))
        return 0;
    return env_list_add(t->arena, t->list, line, err);
}

int env_list_add_file(struct arena *a, struct oci_strings *list, const char *path, struct error *err)
{
    struct env_target t = { a, list };
    return option_file_lines(path, a, add_env_line, &t, err);
}
