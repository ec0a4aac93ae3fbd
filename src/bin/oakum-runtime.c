// SPDX-License-Identifier: Apache-2.0
/* bin/oakum-runtime.c: the program `oakum-runtime`; all of it is in cli/runtime*.c and runtime/. */
#include "cli/runtime.h"

int main(int argc, char **argv)
{
    return oakum_runtime_main(argc, argv);
}
