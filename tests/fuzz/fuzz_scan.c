// SPDX-License-Identifier: Apache-2.0
/* What the scanner reads: the first byte says what the rest is: a feed, a database, a program, a Java archive, a worker's answer. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "scan/catalog_internal.h"
#include "scan/vulndb.h"

int LLVMFuzzerInitialize(int *argc _unused_, char ***argv _unused_)
{
    return 0;
}

static void search(const void *data, size_t size)
{
    struct vulndb *db = NULL;
    struct error err = { 0 };
    size_t first = 0, sum = 0;
    if (vulndb_from_bytes(data, size, &db, &err) < 0)
        return;
    const struct vulndb_info info = vulndb_info(db);
    for (size_t i = 0; i < info.ranges; i++)
        sum += strlen(vulndb_range(db, i).id);
    for (size_t i = 0; i < info.ecosystems; i++)
        sum += vulndb_find(db, vulndb_ecosystem(db, i), "openssl", &first);
    MUST(sum <= size * (info.ranges + info.ecosystems + 1) + info.ranges * info.ecosystems);
    vulndb_close(db);
}

/* What a feed became is a database that opens. */
static void feed(const void *data, size_t size)
{
    _cleanup_vuln_builder_ struct vuln_builder *b = vuln_builder_new();
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct vulndb *db = NULL;
    struct feed_tally t = { 0 };
    struct error err = { 0 };
    if (vuln_feed_parse(b, data, size, "feed", &t, &err) < 0) {
        MUST(err.msg[0] != '\0');
        return;
    }
    vuln_builder_write(b, 0, &out);
    MUST(vulndb_from_bytes(out.buf, out.len, &db, &err) == 0);
    vulndb_close(db);
}

static void program(const void *data, size_t size, bool jar)
{
    struct reading r = { .c = catalog_new() };
    struct found f = { .path = jar ? "x.jar" : "x", .name = jar ? "x.jar" : "x", .size = size };
    f.fd = memfd_create("fuzz", MFD_CLOEXEC);
    MUST(f.fd >= 0 && write(f.fd, data, size) == (ssize_t) size);
    bool claimed = jar ? read_jar(&r, &f) : read_go(&r, &f);
    /* Claimed without a word would be silence. */
    MUST(!claimed || r.c->n + r.c->unknown.n + r.c->unreadable.n > 0);
    close(f.fd);
    catalog_free(r.c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct catalog *c = NULL;
    struct error err = { 0 };
    if (size == 0)
        return 0;
    const char *rest = (const char *) data + 1;
    switch (data[0]) {
    case 'f': feed(rest, size - 1); break;
    case 'd': search(rest, size - 1); break;
    case 'e': program(rest, size - 1, false); break;
    case 'j': program(rest, size - 1, true); break;
    default:
        if (catalog_from_json(rest, size - 1, 2, &c, &err) == 0)
            catalog_free(c);
        break;
    }
    return 0;
}
