// SPDX-License-Identifier: Apache-2.0
/* bin/oakum-image.c: the program behind `oakum pull`, `push`, `login` …: what needs libcurl. All of it is in cli/ and image/. */
#include "cli/registry_commands.h"

int main(int argc, char **argv)
{
    return oakum_image_main(argc, argv);
}
