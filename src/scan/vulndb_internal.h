// SPDX-License-Identifier: Apache-2.0
/* scan/vulndb_internal.h: the file's records. All numbers are little-endian; the machines that oakum runs on are. */
#pragma once

#include "scan/vulndb.h"

#define DB_MAGIC "oakumvdb"
#define DB_VERSION 1u
#define DB_NO_CVSS 0xffffu

struct db_header {
    char magic[8];
    uint32_t version, n_packages, n_ranges, n_vulns, n_ecosystems, n_texts;
    uint64_t size, packages, ranges, vulns, ecosystems, texts;
    int64_t created;
};
struct db_package {
    uint32_t ecosystem, name, first, n;
};
struct db_range {
    uint32_t vuln, introduced, fixed, last, status;
};
struct db_vuln {
    uint32_t id, aliases, severity, cvss;
};
