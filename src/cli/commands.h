// SPDX-License-Identifier: Apache-2.0
/* cli/commands.h: the commands of oakum, one a file; oakum.c has the list. */
#pragma once

#include "cli/cli.h"

extern const struct command cmd_attach, cmd_base, cmd_commit, cmd_container_prune, cmd_cp, cmd_create,
    cmd_diff, cmd_exec, cmd_export, cmd_generate_systemd, cmd_healthcheck_run, cmd_history, cmd_image_diff,
    cmd_image_mount, cmd_image_prune, cmd_image_umount, cmd_images, cmd_import, cmd_inspect, cmd_kill,
    cmd_load, cmd_logs, cmd_monitor_event, cmd_network_reload, cmd_pause, cmd_port, cmd_ps, cmd_rename,
    cmd_restart, cmd_rm, cmd_rmi, cmd_run, cmd_save, cmd_secret_create, cmd_secret_inspect, cmd_secret_ls,
    cmd_secret_rm, cmd_secret_rotate, cmd_start, cmd_stats, cmd_stop, cmd_system_boot, cmd_system_check,
    cmd_system_df, cmd_system_info, cmd_system_shutdown, cmd_tag, cmd_top, cmd_trust_set, cmd_trust_show,
    cmd_unpause, cmd_update, cmd_version, cmd_volume_create, cmd_volume_inspect, cmd_volume_ls,
    cmd_volume_prune, cmd_volume_rm, cmd_wait;

/* The whole program. */
int oakum_main(int argc, char **argv);
