// SPDX-License-Identifier: Apache-2.0
/*
 * without CALL... -- COMMAND [ARG...]: executes the command as on a kernel that lacks these system calls: they answer ENOSYS, to it
 * and to all that it starts. A call is a name, or a number where libseccomp does not know the name yet.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int number_of(const char *name)
{
    char *end;
    long number = strtol(name, &end, 10);
    return end != name && *end == '\0' ? (int) number : seccomp_syscall_resolve_name(name);
}

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int i = 1;
    if (!filter)
        return 2;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        int call = number_of(argv[i]);
        if (call == __NR_SCMP_ERROR || seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0) < 0) {
            fprintf(stderr, "without: there is no system call \"%s\"\n", argv[i]);
            return 2;
        }
    }
    if (i + 1 >= argc) {
        fprintf(stderr, "usage: without CALL... -- COMMAND [ARG...]\n");
        return 2;
    }
    /* Who is root needs no no_new_privs, which would be one more thing that the command is not used to. */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, geteuid() != 0);
    int r = seccomp_load(filter);
    if (r < 0) {
        fprintf(stderr, "without: %s\n", strerror(-r));
        return 2;
    }
    execvp(argv[i + 1], argv + i + 1);
    perror(argv[i + 1]);
    return 127;
}
