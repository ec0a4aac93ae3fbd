// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the rules become one list a architecture, sorted by call number. From it a row of number ranges with the same verdict
 * is made (x32 is just the numbers from 0x40000000 on), and from that a search tree; calls whose verdict depends on arguments lead
 * to code of their own (seccomp_args.c). In front of it the architecture is asked.
 *
 * Threats: the other ABIs of the machine (i386 and x32 have other numbers for the same calls), calls that are newer than the
 * profile, and rules that mean something else than they seem to. What a profile means stands in seccomp.h.
 */
#include <errno.h>
#include <linux/seccomp.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "confine/seccomp_args.h"
#include "confine/seccomp_names.h"
#include "sys/syscall.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif

#define ERRNO_MAX 4095 /* MAX_ERRNO: the kernel cuts off above */
#define ARGS_MAX 6

/* The rules of one architecture. */
struct arch_rules {
    bool wanted;
    struct call_rule *v;
    size_t n, cap;
    int64_t newest; /* highest number named, -1: none */
};

struct compiler {
    const struct oci_seccomp *sec;
    enum seccomp_arch machine;
    uint32_t def; /* the default's verdict */
    bool def_permissive;
    bool has_notify;
    struct arch_rules arches[SECCOMP_ARCHES];
    struct strbuf unknown; /* names that were ignored */
    size_t n_unknown;
};

static bool action_has_errno(enum oci_seccomp_action action)
{
    return action == OCI_ACT_ERRNO || action == OCI_ACT_TRACE;
}

static int verdict_of(enum oci_seccomp_action action, const struct opt_u32 *errno_ret, uint32_t *ret,
                      const char *what, struct error *err)
{
    static const uint32_t codes[] = {
        [OCI_ACT_KILL] = SECCOMP_RET_KILL_THREAD,
        [OCI_ACT_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
        [OCI_ACT_KILL_THREAD] = SECCOMP_RET_KILL_THREAD,
        [OCI_ACT_TRAP] = SECCOMP_RET_TRAP,
        [OCI_ACT_ERRNO] = SECCOMP_RET_ERRNO,
        [OCI_ACT_TRACE] = SECCOMP_RET_TRACE,
        [OCI_ACT_ALLOW] = SECCOMP_RET_ALLOW,
        [OCI_ACT_LOG] = SECCOMP_RET_LOG,
        [OCI_ACT_NOTIFY] = SECCOMP_RET_USER_NOTIF,
    };
    uint32_t data = 0;
    if (action_has_errno(action)) {
        data = errno_ret->set ? errno_ret->v : EPERM;
        uint32_t max = action == OCI_ACT_ERRNO ? ERRNO_MAX : SECCOMP_RET_DATA;
        if (data > max)
            return error_set(err, -EINVAL, "%s: %u is out of range (0..%u)", what, data, max);
    } else if (errno_ret->set) {
        return error_set(err, -EINVAL, "%s: %s takes no error number", what, oci_seccomp_action_name(action));
    }
    *ret = codes[action] | data;
    return 0;
}

/* Whether a call with this verdict happens (a tracer or nobody in the way). */
static bool verdict_is_permissive(uint32_t verdict)
{
    uint32_t action = verdict & SECCOMP_RET_ACTION_FULL;
    return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG || action == SECCOMP_RET_TRACE;
}

static const struct {
    const char *name;
    unsigned flag;
} known[] = {
    { "SECCOMP_FILTER_FLAG_TSYNC", 0 },
    { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
    { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
    { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

const char *seccomp_flag_name(size_t i, bool *ret_supported)
{
    if (i >= ARRAY_LEN(known))
        return NULL;
    unsigned flag = known[i].flag;
    if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
        flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    /* A kernel that knows the flag goes on to read the filter, and there is none. */
    *ret_supported = sys_seccomp(SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
    return known[i].name;
}

static int read_flags(const struct oci_seccomp *sec, bool has_notify, unsigned *ret, struct error *err)
{
    unsigned flags = has_notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    for (size_t i = 0; i < sec->flags.n; i++) {
        size_t k = 0;
        while (k < ARRAY_LEN(known) && !str_eq(sec->flags.v[i], known[k].name))
            k++;
        if (k == ARRAY_LEN(known))
            return error_set(err, -EINVAL, "flags[%zu]: unknown flag \"%s\"", i, sec->flags.v[i]);
        flags |= known[k].flag;
    }
    if (!has_notify) /* the kernel refuses it without a listener, and there is nothing to wait for */
        flags &= ~(unsigned) SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    *ret = flags;
    return 0;
}

static int read_arches(struct compiler *c, struct error *err)
{
    for (unsigned i = 0; i < SECCOMP_ARCHES; i++)
        c->arches[i].newest = -1;
    c->arches[c->machine].wanted = true;
    for (size_t i = 0; i < c->sec->architectures.n; i++) {
        enum seccomp_arch arch;
        int r = seccomp_arch_parse(c->sec->architectures.v[i], c->machine, &arch);
        if (r < 0)
            return error_set(err, -EINVAL, "architectures[%zu]: unknown architecture \"%s\"", i,
                             c->sec->architectures.v[i]);
        if (r == 0)
            c->arches[arch].wanted = true;
    }
    return 0;
}

static void add_rule(struct arch_rules *to, const struct call_rule *rule)
{
    if (to->n == to->cap) {
        to->cap = to->cap == 0 ? 512 : to->cap * 2;
        to->v = xreallocarray(to->v, to->cap, sizeof(*to->v));
    }
    to->v[to->n++] = *rule;
}

/* A rule that asks twice about one argument is as many rules as it has args. */
static bool args_repeat(const struct oci_seccomp_rule *rule)
{
    unsigned seen = 0;
    for (size_t i = 0; i < rule->n_args; i++) {
        if ((seen & (1U << rule->args[i].index)) != 0)
            return true;
        seen |= 1U << rule->args[i].index;
    }
    return false;
}

static void add_rule_for(struct arch_rules *to, uint32_t nr, uint32_t seq, uint32_t verdict,
                         const struct oci_seccomp_rule *rule)
{
    struct call_rule add = {
        .nr = nr, .seq = seq, .verdict = verdict, .n_args = rule->n_args, .args = rule->args
    };
    if (!args_repeat(rule)) {
        add_rule(to, &add);
        return;
    }
    for (size_t i = 0; i < rule->n_args; i++) {
        add.n_args = 1;
        add.args = NULL;
        add.one = rule->args[i];
        add_rule(to, &add);
    }
}

/* i386: the same call through socketcall or ipc. */
static void add_subcall(struct compiler *c, const char *name, uint32_t seq, uint32_t verdict,
                        const struct oci_seccomp_rule *rule)
{
    struct arch_rules *to = &c->arches[SECCOMP_ARCH_X86];
    uint32_t call, sub;
    if (!seccomp_multiplexed(name, &call, &sub) || (rule->n_args > 0 && verdict_is_permissive(verdict)))
        return;
    struct call_rule add = { .nr = call, .seq = seq, .verdict = verdict, .n_args = 1 };
    add.one = (struct oci_seccomp_arg){
        .index = 0, .value = SECCOMP_SUBCALL_MASK, .value_two = sub, .op = OCI_CMP_MASKED_EQ
    };
    add_rule(to, &add);
}

static int add_unknown(struct compiler *c, const char *name, uint32_t verdict, size_t rule, struct error *err)
{
    uint32_t action = verdict & SECCOMP_RET_ACTION_FULL;
    bool kills = action == SECCOMP_RET_KILL_PROCESS || action == SECCOMP_RET_KILL_THREAD;
    if (kills || (c->def_permissive && !verdict_is_permissive(verdict)))
        return error_set(err, -EINVAL,
                         "syscalls[%zu].names: unknown system call \"%s\", so the rule cannot be enforced",
                         rule, name);
    if (c->n_unknown++ < 16) {
        strbuf_adds(&c->unknown, c->n_unknown == 1 ? "" : ", ");
        strbuf_adds(&c->unknown, name);
    }
    return 0;
}

static int read_rule(struct compiler *c, size_t n, struct error *err)
{
    const struct oci_seccomp_rule *rule = &c->sec->rules[n];
    char what[64];
    uint32_t verdict = 0;
    int r = str_format(what, sizeof(what), "syscalls[%zu].errnoRet", n);
    if (r >= 0)
        r = verdict_of(rule->action, &rule->errno_ret, &verdict, what, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < rule->n_args; i++)
        if (rule->args[i].index >= ARGS_MAX)
            return error_set(err, -EINVAL, "syscalls[%zu].args[%zu].index: %u is out of range (0..5)", n, i,
                             rule->args[i].index);

    bool redundant = verdict == c->def;
    for (size_t i = 0; i < rule->names.n; i++) {
        const char *name = rule->names.v[i];
        for (unsigned arch = 0; arch < SECCOMP_ARCHES; arch++) {
            struct arch_rules *to = &c->arches[arch];
            if (!to->wanted)
                continue;
            int64_t nr = seccomp_call_number(arch, name);
            if (nr == -ENOENT) {
                r = add_unknown(c, name, verdict, n, err);
                if (r < 0)
                    return r;
                break;
            }
            to->newest = MAX_OF(to->newest, nr);
            if (redundant)
                continue;
            if (nr >= 0)
                add_rule_for(to, (uint32_t) nr, (uint32_t) n, verdict, rule);
            if (arch == SECCOMP_ARCH_X86)
                add_subcall(c, name, (uint32_t) n, verdict, rule);
        }
    }
    if (!redundant && rule->action == OCI_ACT_NOTIFY && rule->names.n > 0)
        c->has_notify = true;
    return 0;
}

/* By number; rules without args first, then the stricter verdict, then as the document has them. */
static int rule_compare(const void *a, const void *b)
{
    const struct call_rule *x = a, *y = b;
    if (x->nr != y->nr)
        return x->nr < y->nr ? -1 : 1;
    if ((x->n_args == 0) != (y->n_args == 0))
        return x->n_args == 0 ? -1 : 1;
    int32_t xa = (int32_t) (x->verdict & SECCOMP_RET_ACTION_FULL),
            ya = (int32_t) (y->verdict & SECCOMP_RET_ACTION_FULL);
    if (x->n_args != 0 && xa != ya)
        return xa < ya ? -1 : 1;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return x < y ? -1 : x > y; /* never asked for equal ones by a merge sort of one array, but must not lie */
}

/*
 * Ranges of numbers while they are being made. Verdicts that are constant are compared as such, so that neighbours with the same one
 * melt into one range.
 */
struct ranges {
    struct bpf_gen *g;
    struct bpf_range *v;
    size_t n, cap;
    struct {
        uint32_t verdict;
        bpf_label label;
    } known[32];
    size_t n_known;
};

static bpf_label verdict_label(struct ranges *r, uint32_t verdict)
{
    for (size_t i = 0; i < r->n_known; i++)
        if (r->known[i].verdict == verdict)
            return r->known[i].label;
    bpf_label label = bpf_ret(r->g, verdict);
    if (r->n_known < ARRAY_LEN(r->known)) {
        r->known[r->n_known].verdict = verdict;
        r->known[r->n_known++].label = label;
    }
    return label;
}

static void add_range(struct ranges *r, uint32_t first, bpf_label target)
{
    if (r->n > 0 && r->v[r->n - 1].first == first)
        r->n--; /* the one before turned out to be empty */
    if (r->n > 0 && r->v[r->n - 1].target == target)
        return;
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 256 : r->cap * 2;
        r->v = xreallocarray(r->v, r->cap, sizeof(*r->v));
    }
    r->v[r->n++] = (struct bpf_range){ first, target };
}

static bpf_label call_label(struct ranges *r, const struct call_rule *rules, size_t n, bool words,
                            bpf_label def)
{
    if (rules[0].n_args == 0) {
        for (size_t i = 1; i < n; i++)
            if (rules[i].n_args != 0 && rules[i].verdict != rules[0].verdict) {
                log_debug(
                    "seccomp: syscalls[%u] has no effect for call %u: syscalls[%u] decides it whatever the arguments are",
                    rules[i].seq, rules[i].nr & ~X32_BIT, rules[0].seq);
                break;
            }
        return verdict_label(r, rules[0].verdict);
    }
    return seccomp_args_emit(r->g, rules, n, words, def);
}

/* The ranges of one architecture: numbers base..end. */
static void add_arch_ranges(struct ranges *r, const struct compiler *c, enum seccomp_arch arch, uint32_t base)
{
    const struct arch_rules *from = &c->arches[arch];
    bpf_label def = verdict_label(r, c->def);
    add_range(r, base, def);
    for (size_t i = 0, n; i < from->n; i += n) {
        uint32_t nr = from->v[i].nr;
        for (n = 1; i + n < from->n && from->v[i + n].nr == nr;)
            n++;
        add_range(r, nr, call_label(r, &from->v[i], n, seccomp_arches[arch].words, def));
        add_range(r, nr + 1, def);
    }
    if (!c->def_permissive && from->newest >= 0)
        add_range(r, (uint32_t) from->newest + 1, verdict_label(r, SECCOMP_RET_ERRNO | ENOSYS));
}

/* All numbers of one value of seccomp_data.arch. */
static bpf_label emit_machine(struct bpf_gen *g, const struct compiler *c, enum seccomp_arch arch)
{
    struct ranges r = { .g = g };
    add_arch_ranges(&r, c, arch, 0);
    if (arch == SECCOMP_ARCH_X86_64) {
        if (c->arches[SECCOMP_ARCH_X32].wanted)
            add_arch_ranges(&r, c, SECCOMP_ARCH_X32, X32_BIT);
        else
            add_range(&r, X32_BIT, verdict_label(&r, SECCOMP_RET_ERRNO | ENOSYS));
    }
    bpf_label at = bpf_search(g, r.v, r.n);
    free(r.v);
    return bpf_load(g, offsetof(struct seccomp_data, nr), at);
}

static int emit(const struct compiler *c, struct seccomp_filter *ret, struct error *err)
{
    struct bpf_gen g = { 0 };
    bpf_label at = bpf_ret(&g, SECCOMP_RET_KILL_PROCESS);
    enum seccomp_arch second = c->machine == SECCOMP_ARCH_X86_64 ? SECCOMP_ARCH_X86 : SECCOMP_ARCH_ARM;
    bpf_label second_at = c->arches[second].wanted ? emit_machine(&g, c, second) : at;
    bpf_label first_at = emit_machine(&g, c, c->machine);
    at = bpf_jump(&g, BPF_JEQ, seccomp_arches[second].audit, second_at, at);
    at = bpf_jump(&g, BPF_JEQ, seccomp_arches[c->machine].audit, first_at, at);
    (void) bpf_load(&g, offsetof(struct seccomp_data, arch), at);
    if (g.n > BPF_MAXINSNS) {
        size_t n = g.n;
        bpf_gen_free(&g);
        return error_set(err, -E2BIG, "syscalls: the filter would have %zu instructions, the kernel takes %d",
                         n, BPF_MAXINSNS);
    }
    struct seccomp_filter f = { .has_notify = c->has_notify };
    f.insns = bpf_gen_finish(&g, &f.n);
    int r = seccomp_program_check(f.insns, f.n, err);
    if (r >= 0)
        r = read_flags(c->sec, c->has_notify, &f.flags, err);
    if (r < 0) {
        seccomp_filter_free(&f);
        return r;
    }
    *ret = f;
    return 0;
}

static int compile(struct compiler *c, struct seccomp_filter *ret, struct error *err)
{
    int r = verdict_of(c->sec->default_action, &c->sec->default_errno_ret, &c->def, "defaultErrnoRet", err);
    if (r < 0)
        return r;
    if (c->sec->default_action == OCI_ACT_NOTIFY)
        return error_set(
            err, -EINVAL,
            "defaultAction: SCMP_ACT_NOTIFY cannot be the default: the container could not even be started");
    c->def_permissive = verdict_is_permissive(c->def);
    r = read_arches(c, err);
    for (size_t i = 0; r >= 0 && i < c->sec->n_rules; i++)
        r = read_rule(c, i, err);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < SECCOMP_ARCHES; i++)
        if (c->arches[i].n > 0)
            qsort(c->arches[i].v, c->arches[i].n, sizeof(*c->arches[i].v), rule_compare);
    return emit(c, ret, err);
}

int seccomp_compile_for(enum seccomp_arch machine, const struct oci_seccomp *sec, struct seccomp_filter *ret,
                        struct error *err)
{
    struct compiler c = { .sec = sec, .machine = machine, .unknown = STRBUF_INIT };
    int r = compile(&c, ret, err);
    if (r >= 0 && c.n_unknown > 0)
        log_warn(
            "seccomp: %zu of the calls that the profile names are unknown here and stay with its default: %s%s",
            c.n_unknown, c.unknown.buf, c.n_unknown > 16 ? ", …" : "");
    for (unsigned i = 0; i < SECCOMP_ARCHES; i++)
        free(c.arches[i].v);
    strbuf_free(&c.unknown);
    return r;
}

int seccomp_compile(const struct oci_seccomp *sec, struct seccomp_filter *ret, struct error *err)
{
    return seccomp_compile_for(SECCOMP_ARCH_NATIVE, sec, ret, err);
}
