// SPDX-License-Identifier: Apache-2.0
/*
 * engine/options.c: the life of struct run_options, and the small values: names, container paths, namespace modes, key=value
 * pairs. Text that will be joined into options of mounts or lines of files is refused when it has control characters in it:
 * a newline in a label or a path has been the start of more than one escape (CVE-2022-4318).
 */
#include "engine/options.h"

#include <ctype.h>
#include <errno.h>

#include "base/parse.h"
#include "engine/options_internal.h"
#include "sys/file.h"

void run_options_init(struct run_options *o)
{
    *o = (struct run_options){ .arena = arena_new() };
}

void run_options_free(struct run_options *o)
{
    arena_free(o->arena);
    o->arena = NULL;
}

size_t list_split(struct arena *a, const char *text, char separator, struct oci_strings *ret)
{
    *ret = (struct oci_strings){ 0 };
    for (const char *p = text;; p++) {
        size_t n = 0;
        while (p[n] != '\0' && p[n] != separator)
            n++;
        oci_strings_add(a, ret, arena_strndup(a, p, n));
        p += n;
        if (*p == '\0')
            return ret->n;
    }
}

int container_path_clean(struct arena *a, const char *path, const char **ret, struct error *err)
{
    if (path[0] != '/')
        return error_set(err, -EINVAL, "\"%s\" must be an absolute path in the container", path);
    if (text_has_control(path))
        return error_set(err, -EINVAL, "a path in the container must not have control characters in it");
    if (strlen(path) >= 4096)
        return error_set(err, -EINVAL, "a path in the container must be shorter than 4096 bytes");
    char *out = arena_alloc(a, strlen(path) + 2);
    size_t len = 0;
    for (const char *p = path; *p != '\0';) {
        while (*p == '/')
            p++;
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') {
            while (len > 0 && out[--len] != '/') {}
        } else if (n > 0 && !(n == 1 && p[0] == '.')) {
            out[len++] = '/';
            memcpy(out + len, p, n);
            len += n;
        }
        p += n;
    }
    out[len] = '\0';
    if (len == 0)
        return error_set(err, -EINVAL, "\"%s\" is the container's root; choose a directory in it", path);
    *ret = out;
    return 0;
}

bool object_name_valid(const char *name)
{
    size_t n = 0;
    for (; name[n] != '\0'; n++) {
        char c = name[n];
        if (!isalnum((unsigned char) c) && (n == 0 || (c != '_' && c != '.' && c != '-')))
            return false;
    }
    return n >= 2 && n <= 128;
}

int namespace_mode_check(const char *value, const char *allowed, struct error *err)
{
    const char *rest = str_after(value, "container:");
    if (rest != NULL && strstr(allowed, "container:") != NULL) {
        if (rest[0] == '\0')
            return error_set(err, -EINVAL, "container: needs the name of a container behind the colon");
        return 0;
    }
    size_t n = strlen(value);
    for (const char *p = allowed; n > 0 && p != NULL; p = strchr(p, ','), p += p != NULL) {
        if (strncmp(p, value, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return 0;
    }
    return error_set(err, -EINVAL, "\"%s\" is not known; it is one of %s", value, allowed);
}

int pairs_add(struct arena *a, struct oci_pairs *pairs, const char *what, const char *value,
              struct error *err)
{
    const char *equals = strchr(value, '=');
    size_t n = equals != NULL ? (size_t) (equals - value) : strlen(value);
    if (n == 0)
        return error_set(err, -EINVAL, "%s \"%s\" needs a name before the equals sign", what, value);
    const char *key = arena_strndup(a, value, n);
    if (text_has_control(key))
        return error_set(err, -EINVAL, "the name of a %s must not have control characters in it", what);
    oci_pairs_set(a, pairs, key, equals != NULL ? equals + 1 : "");
    return 0;
}

int run_options_add_sysctl(struct run_options *o, const char *value, struct error *err)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value)
        return error_set(err, -EINVAL, "a sysctl must be NAME=VALUE, not \"%s\"", value);
    if (text_has_control(value))
        return error_set(err, -EINVAL, "a sysctl must not have control characters in it");
    return pairs_add(o->arena, &o->sysctls, "sysctl", value, err);
}

/* Calls add for each line of the file that is neither empty nor a comment; `#` counts at the beginning only, as in docker. */
int option_file_lines(const char *path, struct arena *a, int (*add)(void *arg, char *line, struct error *err),
                      void *arg, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(AT_FDCWD, path, 1 << 20, &text, &len, err);
    if (r < 0)
        return r;
    if (memchr(text, '\0', len) != NULL)
        return error_set(err, -EINVAL, "%s has a NUL byte in it", path);
    char *line = text;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        line += 3;
    for (unsigned number = 1; line != NULL; number++) {
        char *next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        size_t n = strlen(line);
        if (n > 0 && line[n - 1] == '\r')
            line[n - 1] = '\0';
        while (*line == ' ' || *line == '\t')
            line++;
        if (*line != '\0' && *line != '#') {
            r = add(arg, arena_strdup(a, line), err);
            if (r < 0)
                return error_context(err, r, "%s, line %u", path, number);
        }
        line = next;
    }
    return 0;
}

struct pair_target {
    struct arena *arena;
    struct oci_pairs *pairs;
    const char *what;
};

static int add_pair_line(void *arg, char *line, struct error *err)
{
    struct pair_target *t = arg;
    return pairs_add(t->arena, t->pairs, t->what, line, err);
}

int pairs_add_file(struct arena *a, struct oci_pairs *pairs, const char *what, const char *path,
                   struct error *err)
{
    struct pair_target t = { a, pairs, what };
    return option_file_lines(path, a, add_pair_line, &t, err);
}
