// SPDX-License-Identifier: Apache-2.0
/*
 * image/registry_hosts.h: what this host's owner has decided about registries.
 *
 * The file /etc/oakum/registries.json ($OAKUM_REGISTRIES names another; without root first $XDG_CONFIG_HOME/oakum/registries.json,
 * or ~/.config). Strict: an unknown key is an error.
 *   {"registries": [{"prefix": "docker.io",           a host, or a host and the beginning of a repository's path
 *                    "blocked": true,                 nothing is pulled or pushed there
 *                    "mirrors": ["mirror.example:5000", "cache.example/hub"],   asked first when pulling, in this order
 *                    "plain_http": true,              http:// is spoken, credentials included
 *                    "tls_verify": false}]}           any certificate will do
 * The longest prefix counts, and nothing is inherited from shorter ones. What a mirror is (plain_http) stands in an entry of its own.
 *
 * TLS files: certs.d/HOST[:PORT]/ with ca.crt (or any *.crt), client.cert and client.key (any *.cert with its *.key), as docker has
 * them, in the first of: the directory of --cert-dir, /etc/oakum/certs.d, /etc/containers/certs.d, /etc/docker/certs.d.
 *
 * Docker's rule for this machine itself: localhost, 127.0.0.0/8 and ::1 need no TLS. oakum first tries TLS with a certificate that
 * it trusts, and when nobody speaks TLS there, plain http.
 */
#pragma once

#include "image/http.h"
#include "oci/spec.h"

struct registry_entry {
    const char *prefix;
    bool blocked, plain_http;
    struct opt_bool tls_verify;
    struct oci_strings mirrors; /* "host[:port][/path]" */
};

struct registry_hosts;

struct registry_hosts_options {
    const char *config;         /* NULL: the usual places; must exist when given */
    const char *cert_dir;       /* --cert-dir: holds ca.crt … itself; NULL */
    struct opt_bool tls_verify; /* --tls-verify: for named_host only, stronger than the file */
    const char *named_host;     /* the registry that the command names */
};

int registry_hosts_load(const struct registry_hosts_options *o, struct registry_hosts **ret,
                        struct error *err) _warn_unused_;
void registry_hosts_free(struct registry_hosts *h);

/* The entry for a repository; NULL when none fits. */
const struct registry_entry *registry_hosts_find(const struct registry_hosts *h, const char *domain,
                                                 const char *path);

/* For http_shared_new(): arg is the struct registry_hosts. Thread-safe. */
void registry_hosts_origin(void *arg, const char *host, struct http_origin *ret);

/* Where http:// may be tried after https:// : loopback, --tls-verify=false. plain_http is http:// at once. */
enum registry_transport { TRANSPORT_TLS, TRANSPORT_TLS_THEN_PLAIN, TRANSPORT_PLAIN };
enum registry_transport registry_hosts_transport(const struct registry_hosts *h, const char *host);
/* May a password or token go to this origin ("http://host:80")? https, loopback, or a plain_http entry. */
bool registry_hosts_may_log_in(const struct registry_hosts *h, const char *url);

bool host_is_loopback(const char *host); /* "localhost", "127.1.2.3:5000", "[::1]:5000" */

/* For tests and fuzzing. */
int registry_hosts_parse(const char *text, size_t len, const char *name, struct registry_hosts **ret,
                         struct error *err) _warn_unused_;
