// SPDX-License-Identifier: Apache-2.0
/* bin/oakum-monitor.c: the two processes beside a detached container (monitor/monitor.h). Started by oakum, with descriptors in place. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "monitor/monitor.h"

int main(int argc, char **argv)
{
    struct monitor_options o;
    struct stat st;
    bool keeper = argc > 2 && str_eq(argv[1], "keeper");
    if (argc < 3 || (!keeper && !str_eq(argv[1], "scribe")) ||
        monitor_options_parse(argc - 2, argv + 2, &o) < 0 || fstat(MONITOR_FD_DIR, &st) < 0 ||
        !S_ISDIR(st.st_mode)) {
        fprintf(stderr, "oakum-monitor: started by oakum only\n");
        return 2;
    }
    return keeper ? keeper_main(&o) : scribe_main(&o);
}
