// SPDX-License-Identifier: Apache-2.0
/* bin/oakum.c: the program `oakum`; all of it is in cli/. */
#include "cli/commands.h"

int main(int argc, char **argv)
{
    return oakum_main(argc, argv);
}
