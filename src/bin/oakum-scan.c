// SPDX-License-Identifier: Apache-2.0
/* bin/oakum-scan.c: the program behind `oakum sbom`, `scan` and `db`: what reads images and feeds. All of it is in cli/ and scan/. */
#include "cli/scan_commands.h"

int main(int argc, char **argv)
{
    return oakum_scan_main(argc, argv);
}
