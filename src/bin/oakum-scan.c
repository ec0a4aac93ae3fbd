// SPDX-License-Identifier: Apache-2.0
/* bin/oakum-scan.c: the program behind `oakum sbom`: what reads images. All of it is in cli/ and scan/. */
#include "cli/scan_commands.h"

int main(int argc, char **argv)
{
    return oakum_scan_main(argc, argv);
}
