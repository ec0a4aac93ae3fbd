// SPDX-License-Identifier: Apache-2.0
/* How: every record is checked once, when the file is opened; a lookup is then a binary search without a check or an allocation. */
#include "scan/vulndb.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "scan/vulndb_internal.h"
#include "sys/file.h"

static const char *const severities[SEVERITIES] = { "unknown", "negligible", "low",
                                                    "medium",  "high",       "critical" };

const char *severity_name(enum severity s)
{
    return (unsigned) s < SEVERITIES ? severities[s] : severities[0];
}

int severity_find(const char *name)
{
    for (int i = 0; i < SEVERITIES; i++)
        if (str_eq(severities[i], name))
            return i;
    return -EINVAL;
}

const char *vuln_status_text(enum vuln_status s)
{
    static const char *const texts[STATUSES] = { "no fix", "no fix, vendor says: not soon",
                                                 "no fix, vendor says: end of life" };
    return (unsigned) s < STATUSES ? texts[s] : texts[0];
}

struct vulndb {
    void *map;
    size_t len;
    bool mapped;
    const struct db_header *h;
    const struct db_package *package;
    const struct db_range *range;
    const struct db_vuln *vuln;
    const uint32_t *ecosystem;
    const char *text;
};

/* n records of size bytes at offset, behind the header and in the file. */
static bool fits(const struct vulndb *db, uint64_t offset, uint64_t n, uint64_t size)
{
    return offset >= sizeof(struct db_header) && offset % 4 == 0 && offset <= db->len &&
           n <= (db->len - offset) / size;
}

static bool tables_fit(struct vulndb *db)
{
    const struct db_header *h = db->h;
    if (!fits(db, h->packages, h->n_packages, sizeof(*db->package)) ||
        !fits(db, h->ranges, h->n_ranges, sizeof(*db->range)) ||
        !fits(db, h->vulns, h->n_vulns, sizeof(*db->vuln)) || !fits(db, h->ecosystems, h->n_ecosystems, 4) ||
        !fits(db, h->texts, h->n_texts, 1) || h->n_texts == 0)
        return false;
    const char *bytes = db->map;
    db->package = (const void *) (bytes + h->packages);
    db->range = (const void *) (bytes + h->ranges);
    db->vuln = (const void *) (bytes + h->vulns);
    db->ecosystem = (const void *) (bytes + h->ecosystems);
    db->text = bytes + h->texts;
    return db->text[0] == '\0' && db->text[h->n_texts - 1] == '\0';
}

static bool records_fit(const struct vulndb *db)
{
    const struct db_header *h = db->h;
    uint32_t end = h->n_texts;
    for (uint32_t i = 0; i < h->n_packages; i++) {
        const struct db_package *p = &db->package[i];
        if (p->ecosystem >= end || p->name >= end || p->first > h->n_ranges || p->n > h->n_ranges - p->first)
            return false;
    }
    for (uint32_t i = 0; i < h->n_ranges; i++) {
        const struct db_range *r = &db->range[i];
        if (r->vuln >= h->n_vulns || r->introduced >= end || r->fixed >= end || r->last >= end ||
            r->status >= STATUSES)
            return false;
    }
    for (uint32_t i = 0; i < h->n_vulns; i++) {
        const struct db_vuln *v = &db->vuln[i];
        if (v->id >= end || v->aliases >= end || v->severity >= SEVERITIES ||
            (v->cvss > 100 && v->cvss != DB_NO_CVSS))
            return false;
    }
    for (uint32_t i = 0; i < h->n_ecosystems; i++)
        if (db->ecosystem[i] >= end)
            return false;
    return true;
}

static int check(struct vulndb *db, const char *name, struct error *err)
{
    db->h = db->map;
    if (db->len < sizeof(*db->h) || memcmp(db->h->magic, DB_MAGIC, sizeof(db->h->magic)) != 0)
        return error_set(err, -EINVAL, "%s is no vulnerability database of oakum's", name);
    if (db->h->version != DB_VERSION)
        return error_set(err, -EINVAL,
                         "%s has format %u, this version reads %u: build it again with `oakum db build`",
                         name, db->h->version, DB_VERSION);
    if (db->h->size != db->len || !tables_fit(db) || !records_fit(db))
        return error_set(err, -EINVAL, "%s is damaged or cut off: build it again with `oakum db build`",
                         name);
    return 0;
}

int vulndb_open(const char *path, struct vulndb **ret, struct error *err)
{
    struct stat st;
    _cleanup_close_ int fd = file_open(AT_FDCWD, path, O_RDONLY, 0, err);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t) sizeof(struct db_header) ||
        st.st_size > UINT32_MAX)
        return error_set(err, -EINVAL, "%s is no vulnerability database of oakum's", path);
    _cleanup_vulndb_ struct vulndb *db = xcalloc(1, sizeof(*db));
    db->len = (size_t) st.st_size;
    db->map = mmap(NULL, db->len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (db->map == MAP_FAILED) {
        db->map = NULL;
        return error_errno(err, -errno, "cannot map %s", path);
    }
    db->mapped = true;
    int r = check(db, path, err);
    if (r == 0)
        *ret = TAKE_PTR(db);
    return r;
}

int vulndb_from_bytes(const void *data, size_t len, struct vulndb **ret, struct error *err)
{
    _cleanup_vulndb_ struct vulndb *db = xcalloc(1, sizeof(*db));
    db->len = len;
    db->map = xmalloc(len + 1);
    memcpy(db->map, data, len);
    int r = check(db, "the database", err);
    if (r == 0)
        *ret = TAKE_PTR(db);
    return r;
}

void vulndb_close(struct vulndb *db)
{
    if (db == NULL)
        return;
    if (db->mapped)
        munmap(db->map, db->len);
    else
        free(db->map);
    free(db);
}

struct vulndb_info vulndb_info(const struct vulndb *db)
{
    return (struct vulndb_info){
        .created = db->h->created,
        .bytes = db->len,
        .packages = db->h->n_packages,
        .ranges = db->h->n_ranges,
        .vulns = db->h->n_vulns,
        .ecosystems = db->h->n_ecosystems,
    };
}

const char *vulndb_ecosystem(const struct vulndb *db, size_t i)
{
    return db->text + db->ecosystem[i];
}

bool vulndb_covers(const struct vulndb *db, const char *ecosystem)
{
    for (size_t i = 0; i < db->h->n_ecosystems; i++)
        if (str_eq(vulndb_ecosystem(db, i), ecosystem))
            return true;
    return false;
}

size_t vulndb_find(const struct vulndb *db, const char *ecosystem, const char *name, size_t *ret_first)
{
    size_t low = 0, high = db->h->n_packages;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct db_package *p = &db->package[mid];
        int r = strcmp(db->text + p->ecosystem, ecosystem);
        if (r == 0)
            r = strcmp(db->text + p->name, name);
        if (r == 0) {
            *ret_first = p->first;
            return p->n;
        }
        if (r < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

static const char *or_null(const struct vulndb *db, uint32_t at)
{
    return at == 0 ? NULL : db->text + at;
}

struct vuln_range vulndb_range(const struct vulndb *db, size_t i)
{
    const struct db_range *r = &db->range[i];
    const struct db_vuln *v = &db->vuln[r->vuln];
    return (struct vuln_range){
        .introduced = or_null(db, r->introduced),
        .fixed = or_null(db, r->fixed),
        .last = or_null(db, r->last),
        .status = (enum vuln_status) r->status,
        .id = db->text + v->id,
        .aliases = db->text + v->aliases,
        .severity = (enum severity) v->severity,
        .cvss = v->cvss == DB_NO_CVSS ? -1 : (int) v->cvss,
    };
}
