// SPDX-License-Identifier: Apache-2.0
/*
 * How: both forms become one-line entries, because mmdebstrap takes those as arguments. Only what is for the suite counts:
 * a third party's archive that the host happens to use has no place in a minimal Debian image.
 */
#include "image/apt_sources.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "base/strbuf.h"
#include "sys/file.h"

#define SOURCES_MAX (1024 * 1024)

struct reader {
    struct arena *a;
    const char *suite;
    int workfd;
    const char *work;
    struct oci_strings *ret;
    unsigned keys;
};

static bool for_suite(const struct reader *rd, const char *suite)
{
    const char *rest = str_after(suite, rd->suite);

    return rest != NULL && (*rest == '\0' || *rest == '-' || *rest == '/');
}

static bool usable_uri(const char *uri)
{
    return str_after(uri, "cdrom:") == NULL && strchr(uri, ':') != NULL;
}

static char *trim(char *s)
{
    while (isspace((unsigned char) *s))
        s++;
    for (size_t n = strlen(s); n > 0 && isspace((unsigned char) s[n - 1]); n--)
        s[n - 1] = '\0';
    return s;
}

static char *next_word(char **rest)
{
    char *word;

    while ((word = strsep(rest, " \t\n")) != NULL && *word == '\0')
        ;
    return word;
}

/* --- one-line: deb [option=value …] uri suite component… --- */

static void read_line(struct reader *rd, char *line)
{
    line[strcspn(line, "#")] = '\0';
    const char *whole = trim(arena_strdup(rd->a, line));
    const char *p = str_after(whole, "deb");

    if (p == NULL || (*p != ' ' && *p != '\t'))
        return;
    p += strspn(p, " \t");
    if (*p == '[' && (p = strchr(p, ']')) == NULL)
        return;
    char *rest = arena_strdup(rd->a, *p == ']' ? p + 1 : p);
    const char *uri = next_word(&rest), *suite = next_word(&rest);
    if (uri != NULL && suite != NULL && usable_uri(uri) && for_suite(rd, suite))
        oci_strings_add(rd->a, rd->ret, whole);
}

/* --- deb822 --- */

struct stanza {
    const char *types, *uris, *suites, *components, *signed_by, *trusted, *architectures, *enabled;
};

static void set_field(struct stanza *s, const char *key, const char *value)
{
    const struct {
        const char *key;
        const char **to;
    } table[] = {
        { "Types", &s->types },
        { "URIs", &s->uris },
        { "Suites", &s->suites },
        { "Components", &s->components },
        { "Signed-By", &s->signed_by },
        { "Trusted", &s->trusted },
        { "Architectures", &s->architectures },
        { "Enabled", &s->enabled },
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (strcasecmp(key, table[i].key) == 0)
            *table[i].to = value;
}

/* A key in the entry itself: lines begin with a blank, an empty one is " .". */
static int write_key(struct reader *rd, const char *text, const char **ret, struct error *err)
{
    struct strbuf key = STRBUF_INIT;
    char *copy = arena_strdup(rd->a, text), *rest = copy, *line;

    while ((line = strsep(&rest, "\n")) != NULL) {
        while (*line == ' ' || *line == '\t')
            line++;
        strbuf_adds(&key, str_eq(line, ".") ? "" : line);
        strbuf_addc(&key, '\n');
    }
    const char *name = arena_printf(rd->a, "key%u.asc", rd->keys++);
    int r = file_replace(rd->workfd, name, key.buf, key.len, 0644, false, err);
    strbuf_free(&key);
    *ret = arena_printf(rd->a, "%s/%s", rd->work, name);
    return r;
}

static char *with_commas(struct arena *a, const char *list)
{
    char *copy = arena_strdup(a, list), *rest = copy, *word, *out = arena_strdup(a, "");

    while ((word = next_word(&rest)) != NULL)
        out = arena_printf(a, "%s%s%s", out, *out == '\0' ? "" : ",", word);
    return out;
}

static int stanza_options(struct reader *rd, const struct stanza *s, const char **ret, struct error *err)
{
    const char *signed_by = s->signed_by;
    char *out = arena_strdup(rd->a, "");

    if (signed_by != NULL && strstr(signed_by, "-----BEGIN") != NULL) {
        int r = write_key(rd, signed_by, &signed_by, err);
        if (r < 0)
            return r;
    }
    if (signed_by != NULL)
        out = arena_printf(rd->a, "%s signed-by=%s", out, with_commas(rd->a, signed_by));
    if (s->trusted != NULL)
        out = arena_printf(rd->a, "%s trusted=%s", out, with_commas(rd->a, s->trusted));
    if (s->architectures != NULL)
        out = arena_printf(rd->a, "%s arch=%s", out, with_commas(rd->a, s->architectures));
    *ret = *out == '\0' ? "" : arena_printf(rd->a, "[%s] ", out + 1);
    return 0;
}

static bool has_word(struct arena *a, const char *list, const char *want)
{
    char *rest = arena_strdup(a, list), *word;

    while ((word = next_word(&rest)) != NULL)
        if (str_eq(word, want))
            return true;
    return false;
}

static int end_stanza(struct reader *rd, struct stanza *s, struct error *err)
{
    struct stanza now = *s;
    const char *options;

    *s = (struct stanza){ 0 };
    if (now.types == NULL || now.uris == NULL || now.suites == NULL || !has_word(rd->a, now.types, "deb"))
        return 0;
    if (now.enabled != NULL && (strcasecmp(now.enabled, "no") == 0 || strcasecmp(now.enabled, "false") == 0))
        return 0;
    int r = stanza_options(rd, &now, &options, err);
    if (r < 0)
        return r;
    const char *components = now.components != NULL ? now.components : "";
    char *uris = arena_strdup(rd->a, now.uris), *uri;
    while ((uri = next_word(&uris)) != NULL) {
        char *suites = arena_strdup(rd->a, now.suites), *suite;
        while ((suite = next_word(&suites)) != NULL)
            if (usable_uri(uri) && for_suite(rd, suite))
                oci_strings_add(rd->a, rd->ret,
                                arena_printf(rd->a, "deb %s%s %s %s", options, uri, suite, components));
    }
    return 0;
}

static int read_deb822(struct reader *rd, char *text, struct error *err)
{
    struct stanza s = { 0 };
    char *line, *key = NULL;
    const char *value = NULL;
    int r = 0;

    while (r == 0 && (line = strsep(&text, "\n")) != NULL) {
        if (line[0] == '#')
            continue;
        if ((line[0] == ' ' || line[0] == '\t') && key != NULL && *trim(arena_strdup(rd->a, line)) != '\0') {
            value = arena_printf(rd->a, "%s\n%s", value, line);
            set_field(&s, key, value);
            continue;
        }
        char *colon = strchr(line, ':');
        key = NULL;
        if (*trim(line) == '\0') {
            r = end_stanza(rd, &s, err);
        } else if (colon != NULL) {
            *colon = '\0';
            key = trim(line);
            value = trim(colon + 1);
            set_field(&s, key, value);
        }
    }
    return r < 0 ? r : end_stanza(rd, &s, err);
}

/* --- files --- */

static int parse(struct reader *rd, const char *text, bool deb822, struct error *err)
{
    char *rest = arena_strdup(rd->a, text), *line;

    if (deb822)
        return read_deb822(rd, rest, err);
    while ((line = strsep(&rest, "\n")) != NULL)
        read_line(rd, line);
    return 0;
}

int apt_sources_parse(struct arena *a, const char *text, bool deb822, const char *suite, int workfd,
                      const char *work, struct oci_strings *ret, struct error *err)
{
    struct reader rd = { a, suite, workfd, work, ret, 0 };

    return parse(&rd, text, deb822, err);
}

struct names {
    struct arena *a;
    struct oci_strings list;
};

static int add_name(int dirfd, const char *name, unsigned char type, void *arg)
{
    struct names *n = arg;

    (void) dirfd;
    (void) type;
    oci_strings_add(n->a, &n->list, name);
    return 0;
}

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n > m && str_eq(s + n - m, end);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static int read_file(struct reader *rd, int dirfd, const char *name, struct error *err)
{
    _cleanup_free_ char *text = NULL;
    int r = file_read(dirfd, name, SOURCES_MAX, &text, NULL, err);

    if (r == -ENOENT)
        return 0;
    return r < 0 ? r : parse(rd, text, ends_in(name, ".sources"), err);
}

int apt_sources_read(struct arena *a, const char *suite, int workfd, const char *work,
                     struct oci_strings *ret, struct error *err)
{
    struct reader rd = { a, suite, workfd, work, ret, 0 };
    struct names names = { a, { 0 } };

    int r = read_file(&rd, AT_FDCWD, "/etc/apt/sources.list", err);
    if (r < 0)
        return r;
    _cleanup_close_ int dir = openat(AT_FDCWD, "/etc/apt/sources.list.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0)
        r = dir_each(dir, ".", add_name, &names, err);
    if (names.list.n > 0)
        qsort(names.list.v, names.list.n, sizeof(*names.list.v), by_text);
    for (size_t i = 0; i < names.list.n && r == 0; i++)
        if (ends_in(names.list.v[i], ".list") || ends_in(names.list.v[i], ".sources"))
            r = read_file(&rd, dir, names.list.v[i], err);
    if (r == 0 && ret->n == 0)
        return error_set(err, -ENOENT, "this host has no apt source for %s: name a mirror", suite);
    return r;
}
