// SPDX-License-Identifier: Apache-2.0
/* cli/scan_db.c: `oakum db build` and `db info`. */
#include <errno.h>
#include <fcntl.h>

#include "base/clock.h"
#include "cli/scan_commands.h"
#include "scan/vulndb.h"
#include "sys/file.h"

char *scan_db_path(const struct cli *cli, const char *flag)
{
    return flag != NULL ? xstrdup(flag) : xasprintf("%s/vulnerabilities.db", cli->root);
}

static int build(char *const *feeds, int n, const char *path, struct strbuf *out, struct error *err)
{
    _cleanup_vuln_builder_ struct vuln_builder *b = vuln_builder_new();
    _cleanup_strbuf_ struct strbuf file = STRBUF_INIT;
    _cleanup_vulndb_ struct vulndb *db = NULL;
    struct feed_tally t = { 0 };
    struct timespec now;
    for (int i = 0; i < n; i++) {
        int r = vuln_feed_read(b, feeds[i], &t, err);
        if (r < 0)
            return r;
    }
    clock_source_date(&now);
    vuln_builder_write(b, now.tv_sec, &file);
    int r = vulndb_from_bytes(file.buf, file.len, &db, err);
    if (r < 0)
        return r;
    const struct vulndb_info info = vulndb_info(db);
    if (info.ranges == 0)
        return error_set(err, -EINVAL,
                         "there is nothing in these feeds that a scan asks for: %zu files, %zu records read",
                         t.files, t.records);
    const char *slash = strrchr(path, '/');
    if (slash != NULL && slash != path) {
        _cleanup_free_ char *dir = xstrndup(path, (size_t) (slash - path));
        r = dir_make_all(AT_FDCWD, dir, 0700, err);
    }
    if (r == 0)
        r = file_replace(AT_FDCWD, path, file.buf, file.len, 0644, true, err);
    if (r == 0)
        strbuf_addf(
            out,
            "%zu records of %zu files: %zu vulnerabilities of %zu packages, %zu bytes (%zu records or packages of them left out)\n",
            t.records, t.files, info.vulns, info.packages, info.bytes, t.skipped);
    return r;
}

int scan_db_build(const struct cli *cli, int argc, char **argv)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct db_flags f = { 0 };
    struct error err = { 0 };
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 1, -1, &words);
    if (status >= 0)
        return status;
    _cleanup_free_ char *path = scan_db_path(cli, f.db);
    return build(argv + 1, words, path, &out, &err) < 0 ? fail(cli, 1, &err) : out_write(&out);
}

int scan_db_info(const struct cli *cli, int argc, char **argv)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_vulndb_ struct vulndb *db = NULL;
    struct db_flags f = { 0 };
    struct error err = { 0 };
    char created[CLOCK_TEXT_MAX];
    int words;
    int status = command_arguments(cli, &f, NULL, argc, argv, 0, 0, &words);
    if (status >= 0)
        return status;
    _cleanup_free_ char *path = scan_db_path(cli, f.db);
    if (vulndb_open(path, &db, &err) < 0)
        return fail(cli, 1, &err);
    const struct vulndb_info info = vulndb_info(db);
    clock_format(&(struct timespec){ .tv_sec = info.created }, created);
    strbuf_addf(&out,
                "built: %.19sZ\nvulnerabilities: %zu\npackages: %zu\nranges: %zu\nbytes: %zu\necosystems:",
                created, info.vulns, info.packages, info.ranges, info.bytes);
    for (size_t i = 0; i < info.ecosystems; i++)
        strbuf_addf(&out, " %s", vulndb_ecosystem(db, i));
    strbuf_addc(&out, '\n');
    return out_write(&out);
}
