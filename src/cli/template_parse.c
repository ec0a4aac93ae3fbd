// SPDX-License-Identifier: Apache-2.0
/*
 * How it works: one pass over the text, no tokens kept. node_list() reads text and actions until an action that ends or turns its
 * list (end, else); what stands in an action is read by pipeline(), call() and operand(), each of which takes what it can.
 */
#include <errno.h>

#include "base/parse.h"
#include "cli/template_internal.h"

#define DEPTH_MAX 64

struct parser {
    const char *text, *p;
    struct arena *a;
    struct error *err;
    int depth, loops;
    bool trim; /* the action that was read last ends in -}} */
};

enum turn { TURN_EOF, TURN_END, TURN_ELSE, TURN_ELSE_IF, TURN_ELSE_WITH };

static int pipeline(struct parser *s, struct pipeline **ret);

static int wrong(struct parser *s, const char *what)
{
    return error_set(s->err, -EINVAL, "the template is wrong at byte %zu: %s", (size_t) (s->p - s->text) + 1,
                     what);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char) c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void spaces(struct parser *s)
{
    while (is_space(*s->p))
        s->p++;
}

static const char *word(struct parser *s)
{
    const char *from = s->p;
    while (is_alpha(*s->p) || is_digit(*s->p))
        s->p++;
    return arena_strndup(s->a, from, (size_t) (s->p - from));
}

/* Takes the word if it is the next one. */
static bool take_word(struct parser *s, const char *w)
{
    const char *rest = str_after(s->p, w);
    if (rest == NULL || is_alpha(*rest) || is_digit(*rest))
        return false;
    s->p = rest;
    return true;
}

static bool at_end(const struct parser *s)
{
    return str_after(s->p, "}}") != NULL || str_after(s->p, "-}}") != NULL;
}

static int close_action(struct parser *s)
{
    spaces(s);
    s->trim = s->p[0] == '-' && is_space(s->p[-1]) && str_after(s->p, "-}}") != NULL;
    if (s->trim)
        s->p++;
    if (str_after(s->p, "}}") == NULL)
        return wrong(s, *s->p == '\0' ? "an action has no end }}" : "this does not belong here");
    s->p += 2;
    return 0;
}

/* ---- operands ---- */

static int fields(struct parser *s, struct operand *o)
{
    while (s->p[0] == '.') {
        s->p++;
        if (!is_alpha(*s->p))
            return wrong(s, "a field has no name");
        if (o->n_fields == TEMPLATE_PARTS_MAX)
            return wrong(s, "too many fields");
        o->fields = arena_grow(s->a, o->fields, o->n_fields, o->n_fields + 1, sizeof(*o->fields));
        o->fields[o->n_fields++] = word(s);
    }
    return 0;
}

static int escape(struct parser *s, struct strbuf *out)
{
    static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
    const char *found = *s->p != '\0' ? strchr(from, *s->p) : NULL;
    if (found == NULL)
        return wrong(s, "this escape is not known");
    strbuf_addc(out, to[found - from]);
    s->p++;
    return 0;
}

static int quoted(struct parser *s, struct operand *o)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    char quote = *s->p++;
    int r = 0;
    while (r == 0 && *s->p != quote) {
        if (*s->p == '\0' || (*s->p == '\n' && quote == '"'))
            return wrong(s, "a string has no end");
        if (*s->p == '\\' && quote == '"') {
            s->p++;
            r = escape(s, &out);
        } else {
            strbuf_addc(&out, *s->p++);
        }
    }
    if (r < 0)
        return r;
    s->p++;
    o->kind = OPERAND_STRING;
    o->name = arena_strdup(s->a, out.buf);
    return 0;
}

static int number(struct parser *s, struct operand *o)
{
    const char *from = s->p;
    char *end;
    while (is_digit(*s->p) || strchr("+-.eE", *s->p) != NULL) {
        if (*s->p == '\0' || at_end(s))
            break;
        s->p++;
    }
    const char *text = arena_strndup(s->a, from, (size_t) (s->p - from));
    o->kind = OPERAND_INTEGER;
    if (parse_i64(text[0] == '+' ? text + 1 : text, &o->integer) == 0)
        return 0;
    o->kind = OPERAND_REAL;
    o->real = strtod(text, &end);
    return end == text || *end != '\0' ? wrong(s, "this is no number") : 0;
}

static int named(struct parser *s, struct operand *o)
{
    static const struct {
        const char *name;
        enum operand_kind kind;
    } constants[] = { { "true", OPERAND_TRUE }, { "false", OPERAND_FALSE }, { "nil", OPERAND_NIL } };
    const char *at = s->p;
    o->kind = OPERAND_FUNCTION;
    o->name = word(s);
    for (size_t i = 0; i < ARRAY_LEN(constants); i++)
        if (str_eq(o->name, constants[i].name))
            o->kind = constants[i].kind;
    if (o->kind != OPERAND_FUNCTION || str_eq(o->name, "and") || str_eq(o->name, "or") ||
        template_find_function(o->name) != NULL)
        return 0;
    s->p = at;
    return wrong(s, arena_printf(s->a, "there is no function \"%s\"", o->name));
}

static int parenthesised(struct parser *s, struct operand *o)
{
    s->p++;
    o->kind = OPERAND_PIPE;
    int r = pipeline(s, &o->pipe);
    if (r < 0)
        return r;
    if (*s->p != ')')
        return wrong(s, "a ) is missing");
    s->p++;
    return 0;
}

static int operand(struct parser *s, struct operand *o)
{
    int r = 0;
    if (s->p[0] == '.' && !is_digit(s->p[1])) {
        o->kind = OPERAND_DOT;
        if (!is_alpha(s->p[1])) {
            s->p++;
            return 0;
        }
    } else if (*s->p == '$') {
        s->p++;
        o->kind = OPERAND_VARIABLE;
        o->name = word(s);
    } else if (*s->p == '"' || *s->p == '`') {
        r = quoted(s, o);
    } else if (*s->p == '(') {
        r = parenthesised(s, o);
    } else if (is_digit(*s->p) || *s->p == '-' || *s->p == '+' || *s->p == '.') {
        return number(s, o);
    } else if (is_alpha(*s->p)) {
        return named(s, o);
    } else {
        return wrong(s, *s->p == '\0' ? "an action has no end }}" : "a value is missing");
    }
    return r < 0 ? r : fields(s, o);
}

/* ---- pipelines ---- */

static bool ends_call(const struct parser *s)
{
    return at_end(s) || *s->p == '|' || *s->p == ')' || *s->p == '\0' || *s->p == ',' || *s->p == '=' ||
           *s->p == ':';
}

static int call(struct parser *s, struct call *c)
{
    spaces(s);
    do {
        if (c->n == TEMPLATE_PARTS_MAX)
            return wrong(s, "too many arguments");
        c->operands = arena_grow(s->a, c->operands, c->n, c->n + 1, sizeof(*c->operands));
        int r = operand(s, &c->operands[c->n++]);
        if (r < 0)
            return r;
        if (!is_space(*s->p) && !ends_call(s))
            return wrong(s, "a space is missing");
        spaces(s);
    } while (!ends_call(s));
    if (c->n > 1 && c->operands[0].kind != OPERAND_FUNCTION && c->operands[0].n_fields == 0)
        return wrong(s, "what has arguments must be a function");
    return 0;
}

/* $x := …, $i, $x := … and $x = …; nothing is taken where there is none of them. */
static int declaration(struct parser *s, struct pipeline *pipe)
{
    const char *begin = s->p, *names[2];
    size_t n = 0;
    while (n < 2 && *s->p == '$') {
        s->p++;
        names[n++] = word(s);
        spaces(s);
        if (*s->p != ',')
            break;
        s->p++;
        spaces(s);
    }
    const char *rest = str_after(s->p, ":=");
    pipe->assign = n > 0 && rest == NULL && *s->p == '=';
    if (n == 0 || (rest == NULL && !pipe->assign)) {
        s->p = begin;
        return 0;
    }
    s->p = pipe->assign ? s->p + 1 : rest;
    for (pipe->n_variables = 0; pipe->n_variables < n; pipe->n_variables++) {
        if (names[pipe->n_variables][0] == '\0')
            return wrong(s, "a variable has no name");
        pipe->variables[pipe->n_variables] = names[pipe->n_variables];
    }
    return 0;
}

static int pipeline(struct parser *s, struct pipeline **ret)
{
    struct pipeline *pipe = *ret = arena_alloc(s->a, sizeof(*pipe));
    struct call **next = &pipe->first;
    if (++s->depth > DEPTH_MAX)
        return wrong(s, "it is nested too deeply");
    spaces(s);
    int r = declaration(s, pipe);
    while (r == 0) {
        *next = arena_alloc(s->a, sizeof(**next));
        r = call(s, *next);
        if (r == 0 && next != &pipe->first && (*next)->operands[0].kind != OPERAND_FUNCTION)
            r = wrong(s, "what stands behind | must be a function");
        next = &(*next)->next;
        if (r < 0 || *s->p != '|')
            break;
        s->p++;
    }
    s->depth--;
    return r;
}

/* ---- nodes ---- */

static int node_list(struct parser *s, struct node **first, enum turn *ret_turn);

/* The lists of an if, with or range, up to and with its end. */
static int branch(struct parser *s, struct node *n)
{
    enum turn turn = TURN_EOF;
    int r = pipeline(s, &n->pipe);
    if (r == 0)
        r = close_action(s);
    if (r == 0 && n->pipe->n_variables == 2 && n->kind != NODE_RANGE)
        r = wrong(s, "only range has two variables");
    if (++s->depth > DEPTH_MAX)
        return wrong(s, "it is nested too deeply");
    s->loops += n->kind == NODE_RANGE;
    if (r == 0)
        r = node_list(s, &n->body, &turn);
    s->loops -= n->kind == NODE_RANGE;
    if (r < 0)
        return r;
    if ((turn == TURN_ELSE_IF && n->kind == NODE_IF) || (turn == TURN_ELSE_WITH && n->kind == NODE_WITH)) {
        n->otherwise = arena_alloc(s->a, sizeof(*n->otherwise));
        n->otherwise->kind = n->kind;
        r = branch(s, n->otherwise);
        s->depth--;
        return r;
    }
    if (turn == TURN_ELSE) {
        r = close_action(s);
        if (r == 0)
            r = node_list(s, &n->otherwise, &turn);
    }
    if (r == 0 && turn != TURN_END)
        return wrong(s, turn == TURN_EOF ? "an {{end}} is missing" : "this else does not belong here");
    s->depth--;
    return r < 0 ? r : close_action(s);
}

static int action(struct parser *s, struct node *n)
{
    static const struct {
        const char *name;
        enum node_kind kind;
    } branches[] = { { "if", NODE_IF }, { "with", NODE_WITH }, { "range", NODE_RANGE } };
    for (size_t i = 0; i < ARRAY_LEN(branches); i++)
        if (take_word(s, branches[i].name)) {
            n->kind = branches[i].kind;
            return branch(s, n);
        }
    n->kind = take_word(s, "break") ? NODE_BREAK : take_word(s, "continue") ? NODE_CONTINUE : NODE_PIPE;
    if (n->kind != NODE_PIPE && s->loops == 0)
        return wrong(s, "break and continue belong into a range");
    int r = n->kind == NODE_PIPE ? pipeline(s, &n->pipe) : 0;
    return r < 0 ? r : close_action(s);
}

/* Behind {{ or {{-: whether the list ends here. The action that ends it is left open after its word. */
static bool list_ends(struct parser *s, enum turn *ret)
{
    if (take_word(s, "end")) {
        *ret = TURN_END;
        return true;
    }
    if (!take_word(s, "else"))
        return false;
    spaces(s);
    *ret = take_word(s, "if") ? TURN_ELSE_IF : take_word(s, "with") ? TURN_ELSE_WITH : TURN_ELSE;
    return true;
}

static void add_text(struct parser *s, struct node ***next, const char *end)
{
    const char *from = s->p;
    bool trim_end = str_after(end, "{{-") != NULL && is_space(end[3]);
    s->p = end;
    while (s->trim && from < end && is_space(*from))
        from++;
    while (trim_end && end > from && is_space(end[-1]))
        end--;
    s->trim = false;
    if (from == end)
        return;
    struct node *n = arena_alloc(s->a, sizeof(*n));
    n->text = from;
    n->len = (size_t) (end - from);
    **next = n;
    *next = &n->next;
}

static int comment(struct parser *s)
{
    const char *end = strstr(s->p, "*/");
    if (end == NULL)
        return wrong(s, "a comment has no end");
    s->p = end + 2;
    return close_action(s);
}

static int node_list(struct parser *s, struct node **first, enum turn *ret_turn)
{
    struct node **next = first;
    for (;;) {
        const char *open = strstr(s->p, "{{");
        add_text(s, &next, open != NULL ? open : s->p + strlen(s->p));
        if (open == NULL) {
            *ret_turn = TURN_EOF;
            return 0;
        }
        s->p += str_after(s->p, "{{-") != NULL && is_space(s->p[3]) ? 3 : 2;
        spaces(s);
        if (list_ends(s, ret_turn))
            return 0;
        int r;
        if (str_after(s->p, "/*") != NULL) {
            r = comment(s);
        } else {
            struct node *n = *next = arena_alloc(s->a, sizeof(*n));
            next = &n->next;
            r = action(s, n);
        }
        if (r < 0)
            return r;
    }
}

int template_parse(const char *text, struct arena *a, struct template **ret, struct error *err)
{
    struct parser s = { .a = a, .err = err };
    struct template *t = arena_alloc(a, sizeof(*t));
    enum turn turn = TURN_EOF;
    s.text = s.p = arena_strdup(a, text);
    int r = node_list(&s, &t->first, &turn);
    if (r == 0 && turn != TURN_EOF)
        r = wrong(&s, "there is nothing that this ends");
    if (r == 0)
        *ret = t;
    return r;
}
