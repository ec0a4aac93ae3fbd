// SPDX-License-Identifier: Apache-2.0
/* scan/match.h: which of an image's components are known to be vulnerable, and of which nobody can say. */
#pragma once

#include "scan/catalog.h"
#include "scan/vulndb.h"

struct finding {
    const struct component *component;
    const char *id;      /* CVE-… where one is known, else the feed's own */
    const char *aliases; /* the other names, with blanks between */
    const char *fixed;   /* NULL: none */
    enum vuln_status status;
    enum severity severity;
    int cvss; /* tenths, -1 */
};

struct match {
    struct arena *arena;
    struct finding *v; /* by severity (the worst first), then id, then component */
    size_t n, cap;
    size_t fixable;
    /* Why this is not all: sentences. Then a scan without findings is not clean. */
    const char **gaps;
    size_t n_gaps;
};

struct match *match_catalog(const struct catalog *c, const struct vulndb *db)
    __attribute__((returns_nonnull));
void match_free(struct match *m);
