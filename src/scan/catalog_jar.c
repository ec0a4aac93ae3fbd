// SPDX-License-Identifier: Apache-2.0
/*
 * Java archives: the zip's central directory is read for META-INF/maven/GROUP/ARTIFACT/pom.properties, which Maven's and Gradle's
 * plug-ins put there, one a module (a shaded archive has several). Archives in the archive are named as unknown.
 *
 * Threat: a zip's offsets and sizes are its maker's. The directory is walked in bounded reads, one entry inflates to at most
 * PROPERTIES_MAX bytes whatever it says, and the number of entries is limited.
 */
#include <errno.h>
#include <fnmatch.h>
#include <zlib.h>

#include "scan/catalog_internal.h"

#define PROPERTIES_MAX (64u << 10)
#define ENTRIES_MAX 200000
#define NAME_MAX_ZIP 1024

static uint32_t le32(const unsigned char *p)
{
    return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static uint32_t le16(const unsigned char *p)
{
    return (uint32_t) p[0] | (uint32_t) p[1] << 8;
}

/* The end record is the last 22 bytes, before a comment of up to 65,535. */
static int find_directory(const struct found *f, uint64_t *ret_offset, uint32_t *ret_entries)
{
    uint64_t tail = MIN_OF(f->size, 22 + 65535);
    if (tail < 22)
        return -EINVAL;
    _cleanup_free_ unsigned char *buf = xmalloc(tail);
    if (read_at(f->fd, f->size - tail, buf, tail) < 0)
        return -EINVAL;
    for (uint64_t i = tail - 22 + 1; i-- > 0;)
        if (memcmp(buf + i, "PK\5\6", 4) == 0) {
            *ret_entries = le16(buf + i + 10);
            *ret_offset = le32(buf + i + 16);
            return *ret_entries == 0xffff || *ret_offset == 0xffffffff ? -EOPNOTSUPP : 0;
        }
    return -EINVAL;
}

static int inflate_entry(const struct found *f, uint32_t method, uint64_t local, uint32_t packed, char **ret)
{
    unsigned char h[30];
    if (read_at(f->fd, local, h, sizeof(h)) < 0 || memcmp(h, "PK\3\4", 4) != 0 || packed > PROPERTIES_MAX)
        return -EINVAL;
    _cleanup_free_ unsigned char *in = xmalloc(packed + 1);
    if (read_at(f->fd, local + 30 + le16(h + 26) + le16(h + 28), in, packed) < 0)
        return -EINVAL;
    char *out = xcalloc(1, PROPERTIES_MAX + 1);
    if (method == 0) {
        memcpy(out, in, packed);
        *ret = out;
        return 0;
    }
    z_stream z = {
        .next_in = in, .avail_in = packed, .next_out = (unsigned char *) out, .avail_out = PROPERTIES_MAX
    };
    int r = method != 8 || inflateInit2(&z, -MAX_WBITS) != Z_OK ? -EINVAL : 0;
    if (r == 0) {
        r = inflate(&z, Z_FINISH) == Z_STREAM_END ? 0 : -EINVAL;
        inflateEnd(&z);
    }
    if (r < 0)
        free(out);
    else
        *ret = out;
    return r;
}

static const char *property(char *text, const char *key)
{
    char *rest = text, *line;
    size_t n = strlen(key);
    while ((line = strsep(&rest, "\n")) != NULL)
        if (strncmp(line, key, n) == 0 && line[n] == '=') {
            line[strcspn(line, "\r")] = '\0';
            return line + n + 1;
        }
    return NULL;
}

static bool add_properties(struct reading *r, const struct found *f, const char *text)
{
    _cleanup_free_ char *a = xstrdup(text), *b = xstrdup(text), *c = xstrdup(text);
    const char *group = property(a, "groupId"), *artifact = property(b, "artifactId"),
               *version = property(c, "version");
    if (str_empty(group) || str_empty(artifact) || str_empty(version))
        return false;
    _cleanup_free_ char *name = xasprintf("%s:%s", group, artifact);
    const struct component o = {
        .type = "maven", .name = name, .version = version, .path = f->path, .layer = f->layer
    };
    catalog_add(r->c, &o);
    return true;
}

static bool is_archive(const char *name)
{
    static const char *const endings[] = { ".jar", ".war", ".ear" };
    size_t n = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++)
        if (n > 4 && str_eq(name + n - 4, endings[i]))
            return true;
    return false;
}

struct jar_tally {
    size_t modules, nested;
};

static int read_entries(struct reading *r, const struct found *f, struct jar_tally *t)
{
    uint64_t at;
    uint32_t entries;
    int found = find_directory(f, &at, &entries);
    if (found < 0)
        return found;
    for (uint32_t i = 0; i < MIN_OF(entries, (uint32_t) ENTRIES_MAX); i++) {
        unsigned char h[46];
        char name[NAME_MAX_ZIP + 1] = { 0 };
        if (read_at(f->fd, at, h, sizeof(h)) < 0 || memcmp(h, "PK\1\2", 4) != 0)
            return -EINVAL;
        uint32_t name_len = le16(h + 28), more = le16(h + 30) + le16(h + 32);
        if (name_len <= NAME_MAX_ZIP && read_at(f->fd, at + 46, name, name_len) < 0)
            return -EINVAL;
        at += 46 + (uint64_t) name_len + more;
        t->nested += is_archive(name);
        if (fnmatch("META-INF/maven/*/pom.properties", name, 0) != 0)
            continue;
        _cleanup_free_ char *text = NULL;
        if (inflate_entry(f, le16(h + 10), le32(h + 42), le32(h + 20), &text) < 0)
            return -EINVAL;
        t->modules += add_properties(r, f, text);
    }
    return 0;
}

bool read_jar(struct reading *r, const struct found *f)
{
    struct jar_tally t = { 0 };
    if (!is_archive(f->name))
        return false;
    int read = read_entries(r, f, &t);
    if (read < 0)
        catalog_note_add(r->c, &r->c->unreadable, f->path, f->layer,
                         "a Java archive that is damaged or too large");
    else if (t.modules == 0)
        catalog_note_add(r->c, &r->c->unknown, f->path, f->layer,
                         "a Java archive that does not say what it is");
    if (t.nested > 0)
        catalog_note_add(r->c, &r->c->unknown, f->path, f->layer, "archives in a Java archive");
    return true;
}
