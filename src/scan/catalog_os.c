// SPDX-License-Identifier: Apache-2.0
/*
 * Packages of distributions.
 *
 * dpkg: var/lib/dpkg/status, and status.d/ of distroless images, where a stanza has no Status and is installed. What was removed
 * (its Status does not end in "installed") is no component. "Source: name (version)": each part that is missing is the binary
 * package's. apk: lib/apk/db/installed (usr/lib/... since 3.22): one letter a line, o: is the origin.
 */
#include <errno.h>

#include "scan/catalog_internal.h"

char *header_value(char *text, const char *name)
{
    size_t n = strlen(name);
    for (char *line = text; line != NULL && *line != '\0' && *line != '\n';) {
        char *end = strchr(line, '\n');
        if (strncmp(line, name, n) == 0 && line[n] == ':') {
            char *value = line + n + 1;
            value += strspn(value, " \t");
            if (end != NULL)
                *end = '\0';
            size_t len = strcspn(value, "\r");
            value[len] = '\0';
            return value;
        }
        line = end == NULL ? NULL : end + 1;
    }
    return NULL;
}

/* KEY=value or KEY="value". */
static const char *release_value(struct catalog *c, const char *text, const char *key)
{
    size_t n = strlen(key);
    for (const char *line = text; line != NULL;
         line = strchr(line, '\n') != NULL ? strchr(line, '\n') + 1 : NULL) {
        if (strncmp(line, key, n) != 0 || line[n] != '=')
            continue;
        const char *value = line + n + 1;
        size_t len = strcspn(value, "\n");
        if (len >= 2 && (value[0] == '"' || value[0] == '\'') && value[len - 1] == value[0]) {
            value++;
            len -= 2;
        }
        json_t *utf8 = json_stringn(value, MIN_OF(len, 256));
        if (utf8 == NULL || len > 256 || len == 0) {
            json_decref(utf8);
            return NULL;
        }
        json_decref(utf8);
        return arena_strndup(c->arena, value, len);
    }
    return NULL;
}

void read_os_release(struct reading *r, const struct merged_dir *root)
{
    static const char *const dirs[] = { "etc", "usr/lib" };
    for (size_t i = 0; i < ARRAY_LEN(dirs) && r->c->os_id == NULL; i++) {
        struct merged_dir dir;
        _cleanup_free_ char *text = NULL;
        size_t layer;
        if (merged_descend(root, dirs[i], &dir) < 0)
            continue;
        if (read_member(r, &dir, dirs[i], "os-release", METADATA_FILE_MAX, &text, NULL, &layer) == 0) {
            r->c->os_id = release_value(r->c, text, "ID");
            r->c->os_version = release_value(r->c, text, "VERSION_ID");
            r->c->os_codename = release_value(r->c, text, "VERSION_CODENAME");
            r->c->os_name = release_value(r->c, text, "PRETTY_NAME");
        }
        merged_dir_close(&dir);
    }
}

/* --- dpkg --- */

struct stanza {
    char *package, *version, *status, *source, *arch;
};

static void add_dpkg(struct reading *r, struct stanza *s, const char *path, size_t layer)
{
    static const char installed[] = "installed";
    if (s->package == NULL && s->version == NULL)
        return;
    if (s->status != NULL) {
        const char *state = strrchr(s->status, ' ');
        if (state == NULL || !str_eq(state + 1, installed))
            return;
    }
    if (str_empty(s->package) || str_empty(s->version)) {
        catalog_note_add(r->c, &r->c->unreadable, path, layer,
                         "a package of the dpkg database without a name or a version");
        return;
    }
    char *source = s->source, *source_version = NULL;
    if (source != NULL) {
        char *open = strchr(source, '('), *close = open != NULL ? strchr(open, ')') : NULL;
        if (close != NULL) {
            *close = '\0';
            source_version = open + 1;
        }
        source[strcspn(source, " (")] = '\0';
    }
    const struct component o = {
        .type = "deb",
        .name = s->package,
        .version = s->version,
        .source = str_empty(source) ? s->package : source,
        .source_version = str_empty(source_version) ? s->version : source_version,
        .arch = s->arch,
        .path = path,
        .layer = layer,
    };
    catalog_add(r->c, &o);
}

static void parse_dpkg(struct reading *r, char *text, const char *path, size_t layer)
{
    struct stanza s = { 0 };
    const struct {
        const char *name;
        char **to;
    } fields[] = { { "Package", &s.package },
                   { "Version", &s.version },
                   { "Status", &s.status },
                   { "Source", &s.source },
                   { "Architecture", &s.arch } };
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[strspn(line, " \t\r")] == '\0') {
            add_dpkg(r, &s, path, layer);
            s = (struct stanza){ 0 };
            continue;
        }
        char *colon = strchr(line, ':');
        if (line[0] == ' ' || line[0] == '\t' || colon == NULL)
            continue;
        for (size_t i = 0; i < ARRAY_LEN(fields); i++)
            if ((size_t) (colon - line) == strlen(fields[i].name) &&
                strncmp(line, fields[i].name, (size_t) (colon - line)) == 0) {
                char *value = colon + 1 + strspn(colon + 1, " \t");
                size_t n = strlen(value);
                while (n > 0 && strchr(" \t\r", value[n - 1]) != NULL)
                    value[--n] = '\0';
                *fields[i].to = value;
            }
    }
    add_dpkg(r, &s, path, layer);
}

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && str_eq(s + n - m, end);
}

/* status.d/ has a stanza a file, and md5sums with paths; info/ has PACKAGE.list. */
static void read_dpkg_dir(struct reading *r, const struct merged_dir *dpkg, const char *name)
{
    struct merged_dir dir;
    struct merged_entry *e = NULL;
    size_t n = 0;
    _cleanup_free_ char *path = xasprintf("var/lib/dpkg/%s", name);
    bool stanzas = str_eq(name, "status.d");
    int found = merged_child(dpkg, name, &dir);
    if (found == -ENOENT)
        return;
    if (found < 0 || merged_list(&dir, &e, &n) < 0) {
        catalog_note_add(r->c, &r->c->unreadable, path, 0,
                         "a directory of the dpkg database that cannot be read");
        if (found == 0)
            merged_dir_close(&dir);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        bool sums = ends_in(e[i].name, ".md5sums"), list = ends_in(e[i].name, ".list");
        _cleanup_free_ char *text = NULL;
        size_t layer;
        if (!S_ISREG(e[i].mode) || (!stanzas && !list))
            continue;
        if (read_member(r, &dir, path, e[i].name, PACKAGE_FILE_MAX, &text, NULL, &layer) < 0)
            continue;
        if (stanzas && !sums) {
            _cleanup_free_ char *file = xasprintf("%s/%s", path, e[i].name);
            parse_dpkg(r, text, file, layer);
            continue;
        }
        char *rest = text, *line;
        while ((line = strsep(&rest, "\n")) != NULL) {
            char *owned = sums ? strstr(line, "  ") : line;
            if (owned != NULL && owned[0] != '\0')
                owned_add(&r->owned, owned + (sums ? 2 : 0));
        }
    }
    merged_entries_free(e, n);
    merged_dir_close(&dir);
}

void read_dpkg(struct reading *r, const struct merged_dir *root)
{
    struct merged_dir dir;
    _cleanup_free_ char *text = NULL;
    size_t layer, before = r->c->n;
    int found = merged_descend(root, "var/lib/dpkg", &dir);
    if (found < 0) {
        if (found != -ENOENT)
            catalog_note_add(r->c, &r->c->unreadable, "var/lib/dpkg", 0, "the dpkg database cannot be read");
        return;
    }
    if (read_member(r, &dir, "var/lib/dpkg", "status", PACKAGE_FILE_MAX, &text, NULL, &layer) == 0)
        parse_dpkg(r, text, "var/lib/dpkg/status", layer);
    read_dpkg_dir(r, &dir, "status.d");
    read_dpkg_dir(r, &dir, "info");
    merged_dir_close(&dir);
    if (r->c->n == before)
        catalog_note_add(r->c, &r->c->unreadable, "var/lib/dpkg", 0, "a dpkg database without a package");
}

/* --- apk --- */

struct apk_package {
    char *name, *version, *origin, *arch;
};

static void add_apk(struct reading *r, const struct apk_package *p, const char *path, size_t layer)
{
    if (p->name == NULL && p->version == NULL)
        return;
    if (str_empty(p->name) || str_empty(p->version)) {
        catalog_note_add(r->c, &r->c->unreadable, path, layer,
                         "a package of the apk database without a name or a version");
        return;
    }
    const struct component o = {
        .type = "apk",
        .name = p->name,
        .version = p->version,
        .source = str_empty(p->origin) ? p->name : p->origin,
        .source_version = p->version,
        .arch = p->arch,
        .path = path,
        .layer = layer,
    };
    catalog_add(r->c, &o);
}

static void parse_apk(struct reading *r, char *text, const char *path, size_t layer)
{
    struct apk_package p = { 0 };
    const char *dir = "";
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '\0') {
            add_apk(r, &p, path, layer);
            p = (struct apk_package){ 0 };
            dir = "";
            continue;
        }
        if (line[1] != ':')
            continue;
        char *value = line + 2;
        switch (line[0]) {
        case 'P': p.name = value; break;
        case 'V': p.version = value; break;
        case 'o': p.origin = value; break;
        case 'A': p.arch = value; break;
        case 'F': dir = value; break;
        case 'R': {
            _cleanup_free_ char *file = xasprintf("%s/%s", dir, value);
            owned_add(&r->owned, file);
            break;
        }
        default: break;
        }
    }
    add_apk(r, &p, path, layer);
}

void read_apk(struct reading *r, const struct merged_dir *root)
{
    static const char *const dirs[] = { "lib/apk/db", "usr/lib/apk/db" };
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        struct merged_dir dir;
        _cleanup_free_ char *text = NULL;
        size_t layer, before = r->c->n;
        int found = merged_descend(root, dirs[i], &dir);
        if (found < 0) {
            if (found != -ENOENT)
                catalog_note_add(r->c, &r->c->unreadable, dirs[i], 0, "the apk database cannot be read");
            continue;
        }
        _cleanup_free_ char *path = xasprintf("%s/installed", dirs[i]);
        if (read_member(r, &dir, dirs[i], "installed", PACKAGE_FILE_MAX, &text, NULL, &layer) == 0)
            parse_apk(r, text, path, layer);
        merged_dir_close(&dir);
        if (r->c->n == before)
            catalog_note_add(r->c, &r->c->unreadable, path, 0, "an apk database without a package");
    }
}
