// SPDX-License-Identifier: Apache-2.0
/* cli/scan_commands.h: what oakum-scan runs: the code behind the tables that oakum hands over, and what its commands share. */
#pragma once

#include "cli/hand_over.h"
#include "image/store.h"
#include "scan/catalog.h"

struct sbom_flags {
    const char *format, *output;
};

struct scan_flags {
    const char *format, *fail_on, *db, *output;
};
struct db_flags {
    const char *db;
};

/* Of oakum scan. */
enum { EXIT_SCAN_GATE = 2, EXIT_SCAN_INCOMPLETE = 3 };

int scan_scan(const struct cli *cli, int argc, char **argv);
int scan_db_build(const struct cli *cli, int argc, char **argv);
int scan_db_info(const struct cli *cli, int argc, char **argv);
/* What --db says, else vulnerabilities.db in the store; the caller frees. */
char *scan_db_path(const struct cli *cli, const char *flag) __attribute__((returns_nonnull));

int scan_sbom(const struct cli *cli, int argc, char **argv);

/* What is looked at: an image of the store, or a directory. */
struct subject {
    char *name;
    char *digest;  /* of the image's config; NULL: a directory */
    char **layers; /* DiffIDs, lowest first; NULL where there are none */
    size_t n_layers;
    struct catalog *catalog;
};
/* A word with a "/" at its beginning, "." or "./…" is a directory, all else an image. Done by a sealed worker. */
int subject_read(const struct cli *cli, const char *word, struct subject *ret, struct error *err)
    _warn_unused_;
void subject_free(struct subject *s);
#define _cleanup_subject_ __attribute__((cleanup(subject_free)))
/* "sha256:…", or NULL. */
const char *subject_layer(const struct subject *s, size_t layer);

/* The whole program. */
int oakum_scan_main(int argc, char **argv);
