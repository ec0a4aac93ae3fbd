// SPDX-License-Identifier: Apache-2.0
/*
 * scan/vulndb.h: known vulnerabilities as one file that is mapped, never unpacked.
 *
 * Little-endian. A header, then tables of 32-bit numbers (packages sorted by ecosystem and name, ranges, vulnerabilities, the list of
 * ecosystems that there is data for), then the texts, NUL-terminated, that the numbers point into; text 0 is "". Whoever wrote it, it
 * may be hostile: vulndb_open() checks every number of every table against the file's real size before anything is used.
 *
 * Ecosystems: debian:CODENAME, debian:NUMBER, alpine:vX.Y, go, pypi, npm, maven.
 */
#pragma once

#include "base/arena.h"
#include "base/error.h"

enum severity {
    SEVERITY_UNKNOWN,
    SEVERITY_NEGLIGIBLE,
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
    SEVERITIES
};
const char *severity_name(enum severity s);
int severity_find(const char *name); /* or -EINVAL */

enum vuln_status {
    STATUS_AFFECTED,
    STATUS_NO_DSA,      /* the vendor will not fix it soon, or not in this release */
    STATUS_END_OF_LIFE, /* of the package in this release */
    STATUSES
};
const char *vuln_status_text(
    enum vuln_status s); /* for a finding without a fix: "no fix", "no fix, vendor says: …" */

/* Of a package: affected are versions from introduced (NULL: the first) before fixed, or up to last (NULL: no end). */
struct vuln_range {
    const char *introduced, *fixed, *last;
    enum vuln_status status;
    const char *id, *aliases; /* aliases: with blanks between, "" none */
    enum severity severity;
    int cvss; /* tenths, -1: none */
};

struct vulndb;
int vulndb_open(const char *path, struct vulndb **ret, struct error *err) _warn_unused_;
/* For tests: a copy of these bytes. */
int vulndb_from_bytes(const void *data, size_t len, struct vulndb **ret, struct error *err) _warn_unused_;
void vulndb_close(struct vulndb *db);
static inline void cleanup_vulndb(struct vulndb **db)
{
    vulndb_close(*db);
}
#define _cleanup_vulndb_ __attribute__((cleanup(cleanup_vulndb)))

struct vulndb_info {
    int64_t created; /* seconds since 1970 */
    size_t bytes, packages, ranges, vulns, ecosystems;
};
struct vulndb_info vulndb_info(const struct vulndb *db);
const char *vulndb_ecosystem(const struct vulndb *db, size_t i);
bool vulndb_covers(const struct vulndb *db, const char *ecosystem);
/* How many ranges the package has; vulndb_range() gives the i-th. */
size_t vulndb_find(const struct vulndb *db, const char *ecosystem, const char *name, size_t *ret_first);
struct vuln_range vulndb_range(const struct vulndb *db, size_t i);

/* --- building --- */

struct vuln_builder;
struct vuln_builder *vuln_builder_new(void) __attribute__((returns_nonnull));
void vuln_builder_free(struct vuln_builder *b);
static inline void cleanup_vuln_builder(struct vuln_builder **b)
{
    vuln_builder_free(*b);
}
#define _cleanup_vuln_builder_ __attribute__((cleanup(cleanup_vuln_builder)))
void vuln_builder_cover(struct vuln_builder *b, const char *ecosystem);
/* Strings are copied. */
void vuln_builder_add(struct vuln_builder *b, const char *ecosystem, const char *package,
                      const struct vuln_range *range);
struct strbuf;
void vuln_builder_write(struct vuln_builder *b, int64_t created, struct strbuf *out);

struct feed_tally {
    size_t files, records, skipped; /* skipped: withdrawn, or of an ecosystem that nothing asks for */
};
/* A file (OSV, Debian's tracker, Alpine's secdb, each JSON) or a directory of such; its links are not followed. */
int vuln_feed_read(struct vuln_builder *b, const char *path, struct feed_tally *t, struct error *err)
    _warn_unused_;
/* One document. */
int vuln_feed_parse(struct vuln_builder *b, const char *text, size_t len, const char *name,
                    struct feed_tally *t, struct error *err) _warn_unused_;
