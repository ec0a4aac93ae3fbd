// SPDX-License-Identifier: Apache-2.0
/* cli/registry_flags.h: the flags of the commands that speak to registries, shared by their tables and their code. */
#pragma once

#include "cli/cli.h"

struct remote_flags {
    const char *authfile, *cert_dir, *creds;
    struct opt_bool tls_verify;
};

/* Rows that all of these commands have; the flags are the field `remote` of the type. */
#define REMOTE_AUTHFILE(type)                                                                                   \
    {                                                                                                           \
        "authfile", 0, OPT_TEXT, OPTION_FIELD(type, remote.authfile), "FILE",                                   \
            "where logins are kept ($REGISTRY_AUTH_FILE, else docker's config.json and containers' auth.json)", \
            NULL                                                                                                \
    }
#define REMOTE_CERT_DIR(type)                                                                 \
    {                                                                                         \
        "cert-dir", 0, OPT_TEXT, OPTION_FIELD(type, remote.cert_dir), "DIR",                  \
            "ca.crt, client.cert and client.key for the registry (else in certs.d/HOST, see " \
            "docs/registries.md)",                                                            \
            NULL                                                                              \
    }
#define REMOTE_CREDS(type)                                                                                 \
    {                                                                                                      \
        "creds", 0, OPT_TEXT, OPTION_FIELD(type, remote.creds), "NAME:PASSWORD",                           \
            "log in with these, and keep them nowhere; others can see them in the list of processes", NULL \
    }
#define REMOTE_TLS(type)                                                                                     \
    {                                                                                                        \
        "tls-verify", 0, OPT_TRI, OPTION_FIELD(type, remote.tls_verify), NULL,                               \
            "require TLS with a trusted certificate (on; --tls-verify=false takes any, or plain http)", NULL \
    }

struct pull_flags {
    struct remote_flags remote;
    bool all_tags, quiet;
    const char *platform, *digestfile, *policy;
    struct opt_i64 jobs, report_fd;
};
struct push_flags {
    struct remote_flags remote;
    bool all_tags, quiet;
    const char *compression, *digestfile, *sign_by, *sign_passphrase_file;
    struct opt_i64 jobs, chunk_size;
};
struct verify_flags {
    struct remote_flags remote;
    struct oci_strings keys;
    const char *policy, *digest;
    bool local, quiet;
    struct opt_i64 report_fd;
};
struct login_flags {
    struct remote_flags remote;
    const char *username, *password;
    bool password_stdin;
};
struct logout_flags {
    struct remote_flags remote;
    bool all;
};
struct search_flags {
    struct remote_flags remote;
    struct opt_i64 limit;
    bool no_trunc;
    const char *format;
    struct oci_strings filters;
};
struct manifest_flags {
    struct remote_flags remote;
    bool raw, amend, purge, insecure, quiet;
    const char *arch, *os, *os_version, *variant, *digestfile;
    struct oci_strings os_features, annotations;
};
