// SPDX-License-Identifier: Apache-2.0
/* Python and node packages as they are installed: NAME.dist-info/METADATA (egg-info/PKG-INFO), node_modules/NAME/package.json. */
#include <errno.h>
#include <fnmatch.h>

#include "scan/catalog_internal.h"
#include "sys/file.h"

static bool claimed(struct reading *r, const struct found *f, const char *type, const char *name,
                    const char *version)
{
    const struct component o = {
        .type = type, .name = name, .version = version, .path = f->path, .layer = f->layer
    };
    if (str_empty(name) || str_empty(version)) {
        catalog_note_add(r->c, &r->c->unreadable, f->path, f->layer,
                         "a package description without a name or a version");
        return true;
    }
    catalog_add(r->c, &o);
    return true;
}

static bool read_whole(struct reading *r, const struct found *f, char **ret, size_t *ret_len)
{
    struct error err = { 0 };
    if (file_read_fd(f->fd, f->path, METADATA_FILE_MAX, ret, ret_len, &err) == 0)
        return true;
    catalog_note_add(r->c, &r->c->unreadable, f->path, f->layer, err.msg);
    return false;
}

bool read_python(struct reading *r, const struct found *f)
{
    bool wheel = str_eq(f->name, "METADATA") && fnmatch("*.dist-info/METADATA", f->path, 0) == 0;
    bool egg = (str_eq(f->name, "PKG-INFO") && fnmatch("*.egg-info/PKG-INFO", f->path, 0) == 0) ||
               fnmatch("*-packages/*.egg-info", f->path, 0) == 0;
    _cleanup_free_ char *text = NULL;
    if (!wheel && !egg)
        return false;
    if (!read_whole(r, f, &text, NULL))
        return true;
    _cleanup_free_ char *again = xstrdup(text);
    char *name = header_value(text, "Name"), *version = header_value(again, "Version");
    if (name != NULL)
        catalog_normalise_pypi(name);
    return claimed(r, f, "pypi", name, version);
}

bool read_npm(struct reading *r, const struct found *f)
{
    if (!str_eq(f->name, "package.json") || (fnmatch("*node_modules/*/package.json", f->path, 0) != 0))
        return false;
    /* node_modules/NAME/package.json or node_modules/@SCOPE/NAME/package.json; deeper ones are parts of a package. */
    const char *last = f->path, *next;
    while ((next = strstr(last, "node_modules/")) != NULL)
        last = next + strlen("node_modules/");
    const char *slash = strchr(last, '/');
    if (slash != NULL && last[0] == '@')
        slash = strchr(slash + 1, '/');
    if (slash == NULL || !str_eq(slash + 1, "package.json"))
        return false;
    _cleanup_free_ char *text = NULL;
    _cleanup_json_ json_t *j = NULL;
    struct error err = { 0 };
    const char *name = NULL, *version = NULL;
    size_t len;
    if (!read_whole(r, f, &text, &len))
        return true;
    int parsed = json_parse(text, len, f->path, &j, &err);
    if (parsed == 0)
        parsed = json_get_string(j, "", "name", true, &name, &err);
    if (parsed == 0)
        parsed = json_get_string(j, "", "version", true, &version, &err);
    if (parsed < 0) {
        catalog_note_add(r->c, &r->c->unreadable, f->path, f->layer, err.msg);
        return true;
    }
    return claimed(r, f, "npm", name, version);
}
