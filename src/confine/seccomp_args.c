// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: a rule is a row of conditions, each a comparison of the two 32-bit halves of an argument. Where several rules ask
 * about the same argument with one condition each ("ioctl is allowed if the command is this, or that, or …") the values are
 * merged into stretches of numbers and searched like call numbers.
 *
 * Threat: high bits. The kernel reads an int or unsigned int argument from the low half of the register only, so a rule about
 * ioctl's command must be a masked one (CVE-2019-7303); a 64-bit comparison that forgets its high half lets everything through that
 * is wrong there. Hence both halves always, and a simulator in the tests that tries values with high bits.
 */
#include "confine/seccomp_args.h"

#include <linux/seccomp.h>

#define LOW(v) ((uint32_t) (v))
#define HIGH(v) ((uint32_t) ((v) >> 32))

static uint32_t low_offset(uint32_t index)
{
    return (uint32_t) offsetof(struct seccomp_data, args) + index * 8; /* both machines are little-endian */
}

static uint32_t high_offset(uint32_t index)
{
    return low_offset(index) + 4;
}

/* A condition in the form that is compiled: masked equality, or a comparison (EQ, GT, GE, possibly turned round). */
struct condition {
    uint32_t index;
    uint16_t op; /* BPF_JEQ, BPF_JGT, BPF_JGE */
    bool negate;
    bool constant, value_if_constant; /* whatever the argument is, the condition as a whole has this value */
    uint64_t mask, value;
};

static void condition_set(struct condition *c, uint16_t op, bool negate, uint64_t mask, uint64_t value)
{
    c->op = op;
    c->negate = negate;
    c->mask = mask;
    c->value = value;
}

static void condition_constant(struct condition *c, bool value)
{
    c->constant = true;
    c->value_if_constant = value;
}

/* On 32-bit words: a value that no word can have, or that a sign extension made of one that it can. */
static void condition_to_words(struct condition *c)
{
    uint32_t high = HIGH(c->value), high_mask = HIGH(c->mask);
    if (c->op == BPF_JEQ && (high == 0 || high == high_mask)) {
        c->mask = LOW(c->mask);
        c->value = LOW(c->value);
    } else if (high != 0) {
        condition_constant(c, c->negate); /* equal to it, above it: never */
    }
}

static struct condition condition_read(const struct oci_seccomp_arg *arg, bool words)
{
    struct condition c = { .index = arg->index };
    switch (arg->op) {
    case OCI_CMP_NE: condition_set(&c, BPF_JEQ, true, UINT64_MAX, arg->value); break;
    case OCI_CMP_LT: condition_set(&c, BPF_JGE, true, UINT64_MAX, arg->value); break;
    case OCI_CMP_LE: condition_set(&c, BPF_JGT, true, UINT64_MAX, arg->value); break;
    case OCI_CMP_EQ: condition_set(&c, BPF_JEQ, false, UINT64_MAX, arg->value); break;
    case OCI_CMP_GE: condition_set(&c, BPF_JGE, false, UINT64_MAX, arg->value); break;
    case OCI_CMP_GT: condition_set(&c, BPF_JGT, false, UINT64_MAX, arg->value); break;
    case OCI_CMP_MASKED_EQ: condition_set(&c, BPF_JEQ, false, arg->value, arg->value_two); break;
    }
    if (words)
        condition_to_words(&c);
    if (!c.constant && (c.value & ~c.mask) != 0)
        condition_constant(&c, c.negate); /* asks for a bit that the mask takes away */
    return c;
}

static bpf_label emit_condition(struct bpf_gen *g, const struct condition *c, bool words, bpf_label yes,
                                bpf_label no)
{
    if (c->constant)
        return c->value_if_constant ? yes : no;
    if (c->negate) {
        bpf_label was = yes;
        yes = no;
        no = was;
    }

    uint32_t mask = LOW(c->mask);
    bpf_label at = yes;
    if (mask != 0 || words || HIGH(c->mask) == 0) {
        at = bpf_jump(g, c->op, LOW(c->value), yes, no);
        if (mask != UINT32_MAX)
            at = bpf_and(g, mask, at);
        at = bpf_load(g, low_offset(c->index), at);
    }
    mask = HIGH(c->mask);
    if (words || mask == 0)
        return at;
    if (c->op == BPF_JEQ) {
        at = bpf_jump(g, BPF_JEQ, HIGH(c->value), at, no);
    } else { /* above in the high half decides; equal there leaves it to the low half */
        at = bpf_jump(g, BPF_JEQ, HIGH(c->value), at, no);
        at = bpf_jump(g, BPF_JGT, HIGH(c->value), yes, at);
    }
    if (mask != UINT32_MAX)
        at = bpf_and(g, mask, at);
    return bpf_load(g, high_offset(c->index), at);
}

/*
 * Stretches. A set of 32-bit numbers, and whether every number above them belongs to it too; `low_only` sets do not look at
 * the high half at all.
 */
struct stretch {
    uint32_t first, last;
};
struct stretches {
    struct stretch *v;
    size_t n;
    bool low_only, above;
};

static void stretch_add(struct stretches *s, uint64_t first, uint64_t last)
{
    if (last > UINT32_MAX)
        s->above = true; /* only ever up to the end: see condition_is_stretch() */
    if (first <= UINT32_MAX)
        s->v[s->n++] = (struct stretch){ (uint32_t) first, last > UINT32_MAX ? UINT32_MAX : (uint32_t) last };
}

/* Whether the condition is a set that struct stretches can hold. low_only is set for one that ignores the high half. */
static bool condition_is_stretch(const struct condition *c, bool words, bool *ret_low_only)
{
    uint32_t mask = LOW(c->mask);
    if (c->constant)
        return false;
    *ret_low_only = words || HIGH(c->mask) == 0;
    if (*ret_low_only) /* the mask must be whole, or ones followed by zeros */
        return (~mask & (~mask + 1)) == 0;
    return c->mask == UINT64_MAX && c->value <= UINT32_MAX;
}

static void stretch_add_condition(struct stretches *s, const struct condition *c)
{
    const uint64_t end = s->low_only ? UINT32_MAX : UINT64_MAX;
    uint64_t first = c->value, last = end;
    if (c->op == BPF_JEQ)
        last = c->value | (uint32_t) ~LOW(c->mask);
    else if (c->op == BPF_JGT)
        first = c->value + 1; /* may be above the end: an empty set */
    if (!c->negate) {
        if (first <= end)
            stretch_add(s, first, last);
        return;
    }
    if (first > 0)
        stretch_add(s, 0, first > end ? end : first - 1);
    if (last < end)
        stretch_add(s, last + 1, end);
}

static int stretch_compare(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static bpf_label emit_stretches(struct bpf_gen *g, struct stretches *s, uint32_t index, bpf_label yes,
                                bpf_label no)
{
    qsort(s->v, s->n, sizeof(*s->v), stretch_compare);
    _cleanup_free_ struct bpf_range *ranges = xcalloc(s->n * 2 + 1, sizeof(*ranges));
    size_t n = 0;
    uint64_t next = 0; /* first number that is not decided yet */
    for (size_t i = 0; i < s->n; i++) {
        if (s->v[i].first > next || n == 0) {
            if (s->v[i].first > next)
                ranges[n++] = (struct bpf_range){ (uint32_t) next, no };
            ranges[n++] = (struct bpf_range){ s->v[i].first, yes };
        }
        next = MAX_OF(next, (uint64_t) s->v[i].last + 1);
    }
    if (next <= UINT32_MAX)
        ranges[n++] = (struct bpf_range){ (uint32_t) next, no };
    bpf_label at = bpf_load(g, low_offset(index), bpf_search(g, ranges, n));
    if (s->low_only)
        return at;
    at = bpf_jump(g, BPF_JEQ, 0, at, s->above ? yes : no);
    return bpf_load(g, high_offset(index), at);
}

/* How many of the rules from the first on are one condition each on the same argument, with the same verdict and of one kind. */
static size_t stretch_run(const struct call_rule *rules, size_t n, bool words)
{
    bool low_only = false, other = false;
    size_t run = 0;
    for (; run < n && rules[run].n_args == 1; run++) {
        struct condition c = condition_read(call_rule_arg(&rules[run], 0), words);
        if (!condition_is_stretch(&c, words, run == 0 ? &low_only : &other) || (run > 0 && other != low_only))
            break;
        if (rules[run].verdict != rules[0].verdict || c.index != call_rule_arg(&rules[0], 0)->index)
            break;
    }
    return run;
}

static bpf_label emit_run(struct bpf_gen *g, const struct call_rule *rules, size_t n, bool words,
                          bpf_label nomatch)
{
    _cleanup_free_ struct stretch *v = xcalloc(n * 2, sizeof(*v));
    struct stretches s = { .v = v };
    bpf_label yes = bpf_ret(g, rules[0].verdict);
    for (size_t i = 0; i < n; i++) {
        struct condition c = condition_read(call_rule_arg(&rules[i], 0), words);
        (void) condition_is_stretch(&c, words, &s.low_only);
        stretch_add_condition(&s, &c);
    }
    return emit_stretches(g, &s, call_rule_arg(&rules[0], 0)->index, yes, nomatch);
}

static bpf_label emit_rule(struct bpf_gen *g, const struct call_rule *rule, bool words, bpf_label nomatch)
{
    bpf_label at = bpf_ret(g, rule->verdict);
    for (size_t i = rule->n_args; i > 0; i--) {
        struct condition c = condition_read(call_rule_arg(rule, i - 1), words);
        at = emit_condition(g, &c, words, at, nomatch);
    }
    return at;
}

bpf_label seccomp_args_emit(struct bpf_gen *g, const struct call_rule *rules, size_t n, bool words,
                            bpf_label nomatch)
{
    _cleanup_free_ size_t *starts = xcalloc(n + 1, sizeof(*starts));
    size_t groups = 0;
    for (size_t i = 0; i < n; i += MAX_OF(stretch_run(rules + i, n - i, words), (size_t) 1))
        starts[groups++] = i;
    starts[groups] = n;
    /* What is tried last is written first. */
    bpf_label at = nomatch;
    for (size_t i = groups; i > 0; i--) {
        const struct call_rule *group = rules + starts[i - 1];
        size_t size = starts[i] - starts[i - 1];
        at = size > 1 ? emit_run(g, group, size, words, at) : emit_rule(g, group, words, at);
    }
    return at;
}
