// SPDX-License-Identifier: Apache-2.0
/*
 * swap A B: exchanges two names as fast as it can, until it is killed or its parent ends. For races against whoever walks a path (CVE-2021-30465 and
 * its many sisters).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

int main(int argc, char **argv)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (argc != 3) {
        fprintf(stderr, "usage: swap A B\n");
        return 2;
    }
    while (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0)
        ;
    perror("swap");
    return 1;
}
