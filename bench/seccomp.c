// SPDX-License-Identifier: Apache-2.0
/*
 * What a seccomp filter costs at a container's start: making the program (or taking it from the cache) and attaching it, ours beside
 * libseccomp's plain row of comparisons and its binary tree (optimize 2). Medians of interleaved rounds; each load is in a
 * fresh process. Build with `ninja bench_seccomp`, run without arguments.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "confine/capabilities.h"
#include "confine/seccomp.h"
#include "confine/seccomp_profile.h"
#include "sys/file.h"

#define ROUNDS 301

struct variant {
    const char *name;
    int optimize;
    struct sock_filter *v;
    size_t n;
    double make_us, load[ROUNDS];
};

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;
    return x < y ? -1 : x > y;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_seccomp: %s\n", what);
    exit(1);
}

/* As runc does it. */
static void make_libseccomp(const struct oci_seccomp *sec, struct variant *v)
{
    static const enum scmp_compare ops[] = { SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE,       SCMP_CMP_EQ,
                                             SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ };
    char name[] = "/tmp/oakum-bench-XXXXXX";
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        die("no temporary file");
    unlink(name);
    double start = now_us();
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (v->optimize > 1 && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, (uint32_t) v->optimize) < 0)
        die("libseccomp has no optimize 2");
    for (size_t i = 0; i < sec->architectures.n; i++) {
        if (str_eq(sec->architectures.v[i], "SCMP_ARCH_X86"))
            seccomp_arch_add(ctx, SCMP_ARCH_X86);
        if (str_eq(sec->architectures.v[i], "SCMP_ARCH_X32"))
            seccomp_arch_add(ctx, SCMP_ARCH_X32);
    }
    for (size_t i = 0; i < sec->n_rules; i++)
        for (size_t k = 0; k < sec->rules[i].names.n; k++) {
            const struct oci_seccomp_rule *r = &sec->rules[i];
            uint32_t action = r->action == OCI_ACT_ALLOW
                                  ? SCMP_ACT_ALLOW
                                  : SCMP_ACT_ERRNO(r->errno_ret.set ? r->errno_ret.v : EPERM);
            int nr = seccomp_syscall_resolve_name(r->names.v[k]);
            struct scmp_arg_cmp cmp[6];
            for (size_t j = 0; j < r->n_args; j++)
                cmp[j] = (struct scmp_arg_cmp){ r->args[j].index, ops[r->args[j].op], r->args[j].value,
                                                r->args[j].value_two };
            if (nr != __NR_SCMP_ERROR && action != SCMP_ACT_ERRNO(EPERM))
                (void) seccomp_rule_add_array(ctx, action, nr, (unsigned) r->n_args, cmp);
        }
    if (seccomp_export_bpf(ctx, fd) < 0)
        die("libseccomp export");
    v->make_us = now_us() - start;
    seccomp_release(ctx);
    v->v = xcalloc(BPF_MAXINSNS, sizeof(*v->v));
    ssize_t n = pread(fd, v->v, BPF_MAXINSNS * sizeof(*v->v), 0);
    v->n = n < 0 ? 0 : (size_t) n / sizeof(*v->v);
    close(fd);
}

static double load_once(const struct variant *v)
{
    int p[2];
    double us = 0;
    if (pipe2(p, O_CLOEXEC) < 0)
        die("pipe");
    pid_t pid = fork();
    if (pid == 0) {
        struct sock_fprog program = { .len = (unsigned short) v->n, .filter = v->v };
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        double start = now_us();
        long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
        us = r < 0 ? -1 : now_us() - start;
        _exit(write(p[1], &us, sizeof(us)) != sizeof(us));
    }
    close(p[1]);
    if (read(p[0], &us, sizeof(us)) != sizeof(us) || us < 0)
        die("the kernel did not take the filter");
    close(p[0]);
    waitpid(pid, NULL, 0);
    return us;
}

static double time_cached(const struct oci_seccomp *sec, struct variant *v)
{
    char dir[] = "/tmp/oakum-bench-XXXXXX";
    struct seccomp_filter f = { 0 };
    static double us[ROUNDS];
    if (mkdtemp(dir) == NULL)
        die("no temporary directory");
    int fd = openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = now_us();
        if (seccomp_compile(sec, &f, NULL) < 0)
            die("compile");
        us[i] = now_us() - start;
        if (i + 1 < ROUNDS)
            seccomp_filter_free(&f);
    }
    qsort(us, ROUNDS, sizeof(*us), by_value);
    v->make_us = us[ROUNDS / 2];
    v->v = f.insns;
    v->n = f.n;
    for (size_t i = 0; i < ROUNDS; i++) {
        double start = now_us();
        if (seccomp_cached(fd, sec, &f, NULL) < 0)
            die("cached");
        us[i] = now_us() - start;
        seccomp_filter_free(&f);
    }
    close(fd);
    (void) tree_remove(AT_FDCWD, dir, NULL);
    qsort(us, ROUNDS, sizeof(*us), by_value);
    return us[ROUNDS / 2];
}

static void bench(const char *title, const char *text, size_t len)
{
    struct variant variants[] = { { .name = "oakum" },
                                  { .name = "libseccomp", .optimize = 1 },
                                  { .name = "libseccomp, optimize 2", .optimize = 2 } };
    struct seccomp_profile_env env;
    struct oci_seccomp sec;
    struct error err = { 0 };
    _cleanup_arena_ struct arena *arena = arena_new();
    seccomp_profile_env_init(&env, capability_docker_default());
    if (seccomp_profile_parse(text, len, title, &env, arena, &sec, &err) < 0)
        die(err.msg);
    double cached = time_cached(&sec, &variants[0]);
    make_libseccomp(&sec, &variants[1]);
    make_libseccomp(&sec, &variants[2]);
    for (size_t i = 0; i < ROUNDS; i++)
        for (size_t k = 0; k < ARRAY_LEN(variants); k++)
            variants[k].load[i] = load_once(&variants[k]);
    printf("%s (cache hit: %.1f us)\n%-24s %12s %12s %12s %12s\n", title, cached, "", "instructions",
           "make us", "load us", "load p90");
    for (size_t k = 0; k < ARRAY_LEN(variants); k++) {
        qsort(variants[k].load, ROUNDS, sizeof(double), by_value);
        printf("%-24s %12zu %12.1f %12.1f %12.1f\n", variants[k].name, variants[k].n, variants[k].make_us,
               variants[k].load[ROUNDS / 2], variants[k].load[ROUNDS * 9 / 10]);
        free(variants[k].v);
    }
    printf("\n");
}

int main(void)
{
    size_t len;
    const char *text = seccomp_profile_default(&len);
    bench("oakum's default profile", text, len);
    text = seccomp_profile_docker(&len);
    bench("docker's default profile", text, len);
    return 0;
}
