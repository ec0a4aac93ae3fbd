// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: the tree is walked with a dot, the value that fields begin at, and a stack of variables. Values are JSON: a new
 * reference each, NULL where there is none (Go's zero reflect.Value: prints "<no value>", is false).
 */
#include <errno.h>

#include "base/table.h"
#include "cli/template_internal.h"

#define VARIABLES_MAX 64

struct variable {
    const char *name;
    json_t *value;
};

struct state {
    unsigned flags;
    struct strbuf *out;
    struct error *err;
    struct variable variables[VARIABLES_MAX];
    size_t n_variables;
    enum { GO_ON, BREAK, CONTINUE } jump;
};

static int eval_pipe(struct state *s, const struct pipeline *pipe, json_t *dot, json_t **ret);
static int walk(struct state *s, const struct node *n, json_t *dot);

static int no_field(struct state *s, const json_t *object, const char *name)
{
    _cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
    for (void *i = json_object_iter((json_t *) object); i != NULL;
         i = json_object_iter_next((json_t *) object, i))
        strbuf_addf(&names, "%s%s", names.len > 0 ? " " : "", json_object_iter_key(i));
    return error_set(s->err, -EINVAL, "--format: there is no field .%s here; there are %s", name, names.buf);
}

static int follow(struct state *s, const struct operand *o, json_t **value)
{
    for (size_t i = 0; i < o->n_fields; i++) {
        json_t *object = *value;
        if (!json_is_object(object))
            return error_set(s->err, -EINVAL, "--format: .%s: there is nothing that has this field",
                             o->fields[i]);
        *value = json_incref(json_object_get(object, o->fields[i]));
        int r = *value == NULL && (s->flags & TEMPLATE_STRICT) ? no_field(s, object, o->fields[i]) : 0;
        json_decref(object);
        if (r < 0)
            return r;
    }
    return 0;
}

static struct variable *find_variable(struct state *s, const char *name)
{
    for (size_t i = s->n_variables; i-- > 0;)
        if (str_eq(s->variables[i].name, name))
            return &s->variables[i];
    return NULL;
}

/* Takes the reference. */
static int set_variable(struct state *s, const char *name, bool assign, json_t *value)
{
    struct variable *v = assign ? find_variable(s, name) : NULL;
    if (v != NULL) {
        json_decref(v->value);
        v->value = value;
        return 0;
    }
    if (assign || s->n_variables == VARIABLES_MAX) {
        json_decref(value);
        return assign ? error_set(s->err, -EINVAL, "--format: there is no variable $%s", name)
                      : error_set(s->err, -EINVAL, "--format: too many variables");
    }
    s->variables[s->n_variables++] = (struct variable){ name, value };
    return 0;
}

static void drop_variables(struct state *s, size_t n)
{
    while (s->n_variables > n)
        json_decref(s->variables[--s->n_variables].value);
}

static int eval_operand(struct state *s, const struct operand *o, json_t *dot, json_t **ret)
{
    const struct variable *v;
    int r = 0;
    *ret = NULL;
    switch (o->kind) {
    case OPERAND_DOT: *ret = json_incref(dot); break;
    case OPERAND_VARIABLE:
        v = find_variable(s, o->name);
        if (v == NULL)
            return error_set(s->err, -EINVAL, "--format: there is no variable $%s", o->name);
        *ret = json_incref(v->value);
        break;
    case OPERAND_PIPE: r = eval_pipe(s, o->pipe, dot, ret); break;
    case OPERAND_STRING: *ret = json_string(o->name); break;
    case OPERAND_INTEGER: *ret = json_integer(o->integer); break;
    case OPERAND_REAL: *ret = json_real(o->real); break;
    case OPERAND_TRUE: *ret = json_true(); break;
    case OPERAND_FALSE: *ret = json_false(); break;
    case OPERAND_NIL: *ret = json_null(); break;
    case OPERAND_FUNCTION: return error_set(s->err, -EINVAL, "--format: %s has no arguments", o->name);
    }
    return r < 0 ? r : follow(s, o, ret);
}

/* The first argument that decides it, or the last. */
static int and_or(struct state *s, const struct call *c, json_t *dot, json_t *last, json_t **ret)
{
    bool stop_at = c->operands[0].name[0] == 'o';
    *ret = NULL;
    for (size_t i = 1; i < c->n; i++) {
        json_decref(*ret);
        int r = eval_operand(s, &c->operands[i], dot, ret);
        if (r < 0 || template_truth(*ret) == stop_at)
            return r;
    }
    if (last != NULL || c->n == 1) {
        json_decref(*ret);
        *ret = json_incref(last);
    }
    return 0;
}

/* docker's {{.Label "key"}}: the field is an object here, and what it has not is empty. */
static int eval_method(struct state *s, const struct call *c, json_t *dot, json_t **ret)
{
    const char *name = c->operands[0].fields[c->operands[0].n_fields - 1];
    _cleanup_json_ json_t *object = NULL, *key = NULL;
    int r = eval_operand(s, &c->operands[0], dot, &object);
    if (r == 0)
        r = eval_operand(s, &c->operands[1], dot, &key);
    if (r < 0)
        return r;
    if (c->n != 2 || !json_is_object(object) || !json_is_string(key))
        return error_set(s->err, -EINVAL, "--format: .%s takes no such arguments", name);
    json_t *found = json_object_get(object, json_string_value(key));
    *ret = found != NULL ? json_incref(found) : json_string("");
    return 0;
}

/* last: what came through the pipe, borrowed; has_last where something did, be it no value. */
static int eval_call(struct state *s, const struct call *c, json_t *dot, json_t *last, bool has_last,
                     json_t **ret)
{
    json_t *argv[TEMPLATE_PARTS_MAX + 1] = { NULL };
    const char *name = c->operands[0].name;
    size_t n = 0;
    int r = 0;
    if (c->operands[0].kind != OPERAND_FUNCTION)
        return c->n > 1 ? eval_method(s, c, dot, ret) : eval_operand(s, &c->operands[0], dot, ret);
    if (str_eq(name, "and") || str_eq(name, "or")) {
        if (c->n == 1 && !has_last)
            return error_set(s->err, -EINVAL, "--format: %s needs arguments", name);
        return and_or(s, c, dot, last, ret);
    }
    for (size_t i = 1; r == 0 && i < c->n; i++)
        r = eval_operand(s, &c->operands[i], dot, &argv[n++]);
    if (has_last)
        argv[n++] = json_incref(last);
    if (r == 0)
        r = template_find_function(name)(name, argv, n, ret, s->err);
    while (n > 0)
        json_decref(argv[--n]);
    return r;
}

/* Not the variables of a range, which get an element and its key. */
static int eval_calls(struct state *s, const struct pipeline *pipe, json_t *dot, json_t **ret)
{
    json_t *value = NULL;
    for (const struct call *c = pipe->first; c != NULL; c = c->next) {
        json_t *next = NULL;
        int r = eval_call(s, c, dot, value, c != pipe->first, &next);
        json_decref(value);
        value = next;
        if (r < 0) {
            json_decref(value);
            return r;
        }
    }
    *ret = value;
    return 0;
}

static int eval_pipe(struct state *s, const struct pipeline *pipe, json_t *dot, json_t **ret)
{
    int r = eval_calls(s, pipe, dot, ret);
    if (r == 0 && pipe->n_variables > 0)
        r = set_variable(s, pipe->variables[0], pipe->assign, json_incref(*ret));
    return r;
}

/* ---- nodes ---- */

static int one_round(struct state *s, const struct node *n, json_t *key, json_t *element)
{
    size_t kept = s->n_variables;
    const struct pipeline *pipe = n->pipe;
    int r = 0;
    if (pipe->n_variables == 2)
        r = set_variable(s, pipe->variables[0], pipe->assign, json_incref(key));
    if (r == 0 && pipe->n_variables > 0)
        r = set_variable(s, pipe->variables[pipe->n_variables - 1], pipe->assign, json_incref(element));
    if (r == 0)
        r = walk(s, n->body, element);
    drop_variables(s, kept);
    return r;
}

static int walk_range(struct state *s, const struct node *n, json_t *dot)
{
    _cleanup_json_ json_t *over = NULL;
    int r = eval_calls(s, n->pipe, dot, &over);
    if (r < 0)
        return r;
    size_t size = json_is_array(over) ? json_array_size(over) : json_object_size(over);
    if (over != NULL && !json_is_array(over) && !json_is_object(over) && !json_is_null(over))
        return error_set(s->err, -EINVAL, "--format: range goes over arrays and objects only");
    if (size == 0)
        return walk(s, n->otherwise, dot);
    _cleanup_free_ const char **keys = json_is_object(over) ? template_sorted_keys(over) : NULL;
    for (size_t i = 0; r == 0 && i < size; i++) {
        _cleanup_json_ json_t *key = keys != NULL ? json_string(keys[i]) : json_integer((json_int_t) i);
        r = one_round(s, n, key, keys != NULL ? json_object_get(over, keys[i]) : json_array_get(over, i));
        bool stop = s->jump == BREAK;
        s->jump = GO_ON;
        if (stop)
            break;
    }
    return r;
}

static int walk_branch(struct state *s, const struct node *n, json_t *dot)
{
    size_t kept = s->n_variables;
    _cleanup_json_ json_t *value = NULL;
    int r = eval_pipe(s, n->pipe, dot, &value);
    if (r == 0)
        r = template_truth(value) ? walk(s, n->body, n->kind == NODE_WITH ? value : dot)
                                  : walk(s, n->otherwise, dot);
    drop_variables(s, kept);
    return r;
}

/* Line ends and tabs stay: a template's println makes them. */
static void neutralise(struct strbuf *out, char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n\t");
        char stop = text[n];
        text[n] = '\0';
        text_neutralise(out, text);
        if (stop == '\0')
            return;
        strbuf_addc(out, stop);
        text += n + 1;
    }
}

static int walk_pipe(struct state *s, const struct node *n, json_t *dot)
{
    _cleanup_json_ json_t *value = NULL;
    int r = eval_pipe(s, n->pipe, dot, &value);
    if (r < 0 || n->pipe->n_variables > 0)
        return r;
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
    template_print(&text, value);
    if (s->flags & TEMPLATE_NEUTRALISE)
        neutralise(s->out, text.buf);
    else
        strbuf_add(s->out, text.buf, text.len);
    return 0;
}

static int walk(struct state *s, const struct node *n, json_t *dot)
{
    int r = 0;
    size_t kept = s->n_variables;
    for (; r == 0 && s->jump == GO_ON && n != NULL; n = n->next)
        switch (n->kind) {
        case NODE_TEXT: strbuf_add(s->out, n->text, n->len); break;
        case NODE_PIPE: r = walk_pipe(s, n, dot); break;
        case NODE_IF:
        case NODE_WITH: r = walk_branch(s, n, dot); break;
        case NODE_RANGE: r = walk_range(s, n, dot); break;
        case NODE_BREAK: s->jump = BREAK; break;
        case NODE_CONTINUE: s->jump = CONTINUE; break;
        }
    drop_variables(s, kept);
    return r;
}

int template_render(const struct template *t, const json_t *value, unsigned flags, struct strbuf *out,
                    struct error *err)
{
    struct state s = { .flags = flags, .out = out, .err = err };
    _cleanup_json_ json_t *whole = json_incref((json_t *) value);
    s.variables[s.n_variables++] = (struct variable){ "", json_incref(whole) };
    int r = walk(&s, t->first, whole);
    drop_variables(&s, 0);
    return r;
}
