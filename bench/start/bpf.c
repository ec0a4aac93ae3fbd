// SPDX-License-Identifier: Apache-2.0
/*
 * bpf: compiles a seccomp profile for bubblewrap's --seccomp, so that it loads the same filter as the OCI runtimes.
 *
 * Reads lines of words: `default ACTION`, `arch SCMP_ARCH_…`, `rule ACTION NAME [INDEX OP VALUE VALUE2]...`, where ACTION is
 * `allow` or an errno. Writes BPF to standard output. Compiled by libseccomp, as crun and runc have theirs compiled.
 */
#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    enum scmp_compare op;
} ops[] = {
    { "SCMP_CMP_NE", SCMP_CMP_NE },
    { "SCMP_CMP_LT", SCMP_CMP_LT },
    { "SCMP_CMP_LE", SCMP_CMP_LE },
    { "SCMP_CMP_EQ", SCMP_CMP_EQ },
    { "SCMP_CMP_GE", SCMP_CMP_GE },
    { "SCMP_CMP_GT", SCMP_CMP_GT },
    { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static _Noreturn void die(const char *what, const char *word)
{
    fprintf(stderr, "bpf: %s: %s\n", what, word);
    exit(1);
}

static char *need(char *word)
{
    if (word == NULL)
        die("a word is missing", "at the end of a line");
    return word;
}

static char *next(void)
{
    return strtok(NULL, " \n");
}

static uint32_t action(const char *word)
{
    return strcmp(word, "allow") == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((unsigned) strtoul(word, NULL, 10));
}

static enum scmp_compare compare(const char *word)
{
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(ops[i].name, word) == 0)
            return ops[i].op;
    die("unknown comparison", word);
}

/* "SCMP_ARCH_X86_64" is "x86_64" to libseccomp. */
static void add_arch(scmp_filter_ctx ctx, char *name)
{
    if (strncmp(name, "SCMP_ARCH_", 10) == 0)
        name += 10;
    for (char *p = name; *p != '\0'; p++)
        *p = (char) tolower((unsigned char) *p);
    int ret = seccomp_arch_add(ctx, seccomp_arch_resolve_name(name));
    if (ret < 0 && ret != -EEXIST)
        die("unknown architecture", name);
}

static void rule(scmp_filter_ctx ctx)
{
    uint32_t act = action(need(next()));
    const char *name = need(next()), *word;
    int nr = seccomp_syscall_resolve_name(name);
    struct scmp_arg_cmp args[6];
    unsigned n = 0;
    while (n < 6 && (word = next()) != NULL) {
        args[n].arg = (unsigned) strtoul(word, NULL, 10);
        args[n].op = compare(need(next()));
        args[n].datum_a = strtoull(need(next()), NULL, 10);
        args[n++].datum_b = strtoull(need(next()), NULL, 10);
    }
    if (nr == __NR_SCMP_ERROR)
        return; /* a call newer than this libseccomp: it stays with the default, as in the runtimes */
    int ret = seccomp_rule_add_array(ctx, act, nr, n, args);
    if (ret < 0 && ret != -EACCES) /* the default's own verdict */
        die(strerror(-ret), name);
}

int main(void)
{
    static char line[65536];
    scmp_filter_ctx ctx = NULL;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        const char *word = strtok(line, " \n");
        if (word == NULL)
            continue;
        if (strcmp(word, "default") == 0)
            ctx = seccomp_init(action(need(next())));
        else if (ctx == NULL)
            die("the first line must be the default", word);
        else if (strcmp(word, "arch") == 0)
            add_arch(ctx, need(next()));
        else
            rule(ctx);
    }
    if (ctx == NULL || seccomp_export_bpf(ctx, 1) < 0)
        die("no filter", "");
    seccomp_release(ctx);
    return 0;
}
