// SPDX-License-Identifier: Apache-2.0
/* cli/template_internal.h: a parsed template. Everything is in its arena. */
#pragma once

#include "cli/template.h"

#define TEMPLATE_PARTS_MAX 64 /* arguments of a function, fields of a value */

enum operand_kind {
    OPERAND_DOT,      /* and the fields behind it */
    OPERAND_VARIABLE, /* name is without the $; "" is the whole value */
    OPERAND_FUNCTION,
    OPERAND_PIPE,
    OPERAND_STRING,
    OPERAND_INTEGER,
    OPERAND_REAL,
    OPERAND_TRUE,
    OPERAND_FALSE,
    OPERAND_NIL,
};

struct operand {
    enum operand_kind kind;
    const char *name; /* of a variable or function; the text of a string */
    int64_t integer;
    double real;
    struct pipeline *pipe;
    const char **fields;
    size_t n_fields;
};

/* A function or a value, with its arguments. */
struct call {
    struct operand *operands;
    size_t n;
    struct call *next;
};

struct pipeline {
    const char *variables[2];
    size_t n_variables;
    bool assign; /* "=": the variable is there already */
    struct call *first;
};

enum node_kind { NODE_TEXT, NODE_PIPE, NODE_IF, NODE_WITH, NODE_RANGE, NODE_BREAK, NODE_CONTINUE };

struct node {
    enum node_kind kind;
    const char *text;
    size_t len;
    struct pipeline *pipe;
    struct node *body, *otherwise, *next;
};

struct template
{
    struct node *first;
};

/* argv is borrowed; *ret is a new reference, NULL for no value. */
typedef int template_function(const char *name, json_t **argv, size_t n, json_t **ret, struct error *err);
/* NULL when there is none of this name. "and" and "or" are the evaluator's, which need not look at all arguments. */
template_function *template_find_function(const char *name);

bool template_truth(const json_t *v);
/* In Go's order; as many as the object has. The caller frees the array. */
const char **template_sorted_keys(const json_t *object);
/* As Go's fmt prints it with %v; v NULL is "<no value>". */
void template_print(struct strbuf *out, const json_t *v);
