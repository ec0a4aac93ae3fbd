// SPDX-License-Identifier: Apache-2.0
/* cli/registry_commands.h: what oakum-image runs: the code behind the tables that oakum hands over. */
#pragma once

#include "cli/hand_over.h"
#include "cli/registry_flags.h"
#include "image/registry.h"

int registry_pull(const struct cli *cli, int argc, char **argv);
int registry_push(const struct cli *cli, int argc, char **argv);
int registry_verify(const struct cli *cli, int argc, char **argv);
int registry_login(const struct cli *cli, int argc, char **argv);
int registry_logout(const struct cli *cli, int argc, char **argv);
int registry_search_command(const struct cli *cli, int argc, char **argv);
int registry_manifest_add(const struct cli *cli, int argc, char **argv);
int registry_manifest_annotate(const struct cli *cli, int argc, char **argv);
int registry_manifest_create(const struct cli *cli, int argc, char **argv);
int registry_manifest_inspect(const struct cli *cli, int argc, char **argv);
int registry_manifest_push(const struct cli *cli, int argc, char **argv);
int registry_manifest_rm(const struct cli *cli, int argc, char **argv);

/* The client for one command; host: the registry that it names, to which --tls-verify and --cert-dir belong. */
int remote_open(const struct remote_flags *f, const char *host, struct registry **ret, struct error *err)
    _warn_unused_;

/* Did the person leave the registry, or the tag, out? */
bool name_has_domain(const char *text);
bool name_has_tag(const char *text);
/* "localhost:5000", "https://host/v1/" and NULL (docker.io) as a reference's domain. buf: 256 bytes. */
int registry_host(const char *text, char *buf, struct error *err);

/* The whole program. */
int oakum_image_main(int argc, char **argv);
