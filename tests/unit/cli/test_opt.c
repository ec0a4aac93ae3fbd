// SPDX-License-Identifier: Apache-2.0
/* The grammar of options: docker's long and short forms, where options end, and what is said about mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/strbuf.h"
#include "cli/opt.h"

struct values {
    bool flag, other;
    struct opt_bool tri;
    const char *text;
    struct oci_strings list;
    struct opt_i64 number, size, swap, cpus, micro;
    char called[64];
};

static int on_call(void *target, const char *value, struct error *err)
{
    struct values *v = target;
    if (str_eq(value, "bad"))
        return error_set(err, -EINVAL, "it is bad");
    return str_format(v->called, sizeof(v->called), "%s", value) < 0 ? -EINVAL : 0;
}

#define F(field) OPTION_FIELD(struct values, field)
static const struct cli_option options[] = {
    { "flag", 'f', OPT_FLAG, F(flag), NULL, "a flag", NULL },
    { "other", 'o', OPT_FLAG, F(other), NULL, "another", NULL },
    { "tri", 0, OPT_TRI, F(tri), NULL, "three states", NULL },
    { "text", 't', OPT_TEXT, F(text), "TEXT", "a text", NULL },
    { "list", 'l', OPT_LIST, F(list), "WORD", "words", NULL },
    { "number", 'n', OPT_I64, F(number), "N", "a number", NULL },
    { "size", 0, OPT_SIZE, F(size), "SIZE", "a size", NULL },
    { "swap", 0, OPT_SWAP, F(swap), "SIZE", "a size or -1", NULL },
    { "cpus", 0, OPT_CPUS, F(cpus), "N", "CPUs", NULL },
    { "micro", 0, OPT_MICRO, F(micro), "N", "microseconds", NULL },
    { "call", 'c', OPT_CALL, 0, "X", "calls", on_call },
    { "later", 0, OPT_LATER, 0, "X", "there is no such thing yet", NULL },
    { "nothing", 0, OPT_NOTHING, 0, NULL, NULL, NULL },
};

static struct command command = {
    .name = "x", .synopsis = "", .summary = "X", .options = options, .n_options = ARRAY_LEN(options)
};
static struct arena *arena;
static struct values got;
static struct error err;
static char *words[16];
static int n_words;

/* Parses the space-separated line. */
static int parse(const char *line)
{
    static char copy[512];
    char *argv[32];
    int argc = 0;
    got = (struct values){ 0 };
    err = (struct error){ 0 };
    assert_true(str_format(copy, sizeof(copy), "%s", line) >= 0);
    argv[argc++] = (char *) "x";
    for (char *save = NULL, *w = strtok_r(copy, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
        argv[argc++] = str_eq(w, "''") ? (char *) "" : w;
    int r = options_parse(&command, &got, arena, argc, argv, &n_words, &err);
    for (int i = 0; r == 0 && i < n_words; i++)
        words[i] = argv[i + 1];
    return r;
}

static void test_forms(void **state _unused_)
{
    command.flags = 0;
    assert_int_equal(parse("--flag --text a --number=5 -l x -ly -l=z"), 0);
    assert_true(got.flag);
    assert_string_equal(got.text, "a");
    assert_true(got.number.set && got.number.v == 5);
    assert_int_equal(got.list.n, 3);
    assert_string_equal(got.list.v[1], "y");
    assert_string_equal(got.list.v[2], "z");
    assert_int_equal(n_words, 0);

    assert_int_equal(parse("-fo -ft hello"), 0);
    assert_true(got.flag && got.other);
    assert_string_equal(got.text, "hello");
    assert_int_equal(parse("-fthello"), 0);
    assert_string_equal(got.text, "hello");
    assert_int_equal(parse("--flag=false --tri=false"), 0);
    assert_true(!got.flag && got.tri.set && !got.tri.v);
    assert_int_equal(parse("-f=0"), 0);
    assert_false(got.flag);
    assert_int_equal(parse("--text= --list ''"), 0);
    assert_string_equal(got.text, "");
    assert_int_equal(got.list.n, 1);
    assert_int_equal(parse("--text -f"), 0); /* a value may look like an option */
    assert_string_equal(got.text, "-f");
    assert_int_equal(parse("--text a --text b"), 0);
    assert_string_equal(got.text, "b");
    assert_int_equal(parse("--nothing"), 0);
    assert_int_equal(parse("-c value"), 0);
    assert_string_equal(got.called, "value");
}

static void test_ends(void **state _unused_)
{
    command.flags = CMD_STOP;
    assert_int_equal(parse("-f image -o --text"), 0);
    assert_int_equal(n_words, 3);
    assert_string_equal(words[0], "image");
    assert_string_equal(words[2], "--text");
    assert_true(got.flag && !got.other);
    assert_int_equal(parse("-- -f"), 0);
    assert_int_equal(n_words, 1);
    assert_false(got.flag);
    assert_int_equal(parse("-"), 0); /* a lone dash is a word */
    assert_int_equal(n_words, 1);

    command.flags = 0;
    assert_int_equal(parse("one -f two -- -o"), 0);
    assert_int_equal(n_words, 3);
    assert_string_equal(words[1], "two");
    assert_string_equal(words[2], "-o");
    assert_true(got.flag && !got.other);
}

static void test_help(void **state _unused_)
{
    command.flags = CMD_STOP;
    assert_int_equal(parse("--help"), 1);
    assert_int_equal(parse("-f --help image"), 1);
    assert_int_equal(parse("-h"), 1);
    assert_int_equal(parse("image --help"), 0);
}

static void test_mistakes(void **state _unused_)
{
    static const struct {
        const char *line, *message;
    } cases[] = {
        { "--txet a", "unknown flag: --txet. Did you mean --text?" },
        { "--zzzzzzzzzz", "unknown flag: --zzzzzzzzzz. See --help" },
        { "--fla", "unknown flag: --fla. Did you mean --flag?" }, /* no abbreviations */
        { "-fx", "unknown flag: -x in \"-fx\". See --help" },
        { "--text", "--text needs a value: TEXT" },
        { "-t", "-t, --text needs a value: TEXT" },
        { "--flag=maybe", "--flag must be true or false, not \"maybe\"" },
        { "--number=", "--number must be a whole number, not \"\"" },
        { "--number 1.5", "--number must be a whole number, not \"1.5\"" },
        { "--number 99999999999999999999", "--number must be a whole number, not \"99999999999999999999\"" },
        { "--size abc", "--size must be a size such as 512m, not \"abc\"" },
        { "--size -1", "--size must be a size such as 512m, not \"-1\"" },
        { "--size=", "--size must be a size such as 512m, not \"\"" },
        { "--size 99999999999999999999g",
          "--size must be a size such as 512m, not \"99999999999999999999g\"" },
        { "--swap -2", "--swap must be a size such as 512m, or -1, not \"-2\"" },
        { "--cpus two", "--cpus must be a number such as 1.5, not \"two\"" },
        { "--cpus -1", "--cpus must be a number such as 1.5, not \"-1\"" },
        { "--micro 5q", "--micro must be a number of microseconds, not \"5q\"" },
        { "--call bad", "--call: it is bad" },
        { "--later x", "--later is not in this version of oakum; there is no such thing yet" },
    };
    command.flags = CMD_STOP;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(parse(cases[i].line) < 0);
        assert_string_equal(err.msg, cases[i].message);
    }
}

static void test_numbers(void **state _unused_)
{
    command.flags = CMD_STOP;
    assert_int_equal(parse("--size 1.5g --swap -1 --cpus 1.5 --micro 50000 --number -3"), 0);
    assert_true(got.size.v == 3LL << 29);
    assert_true(got.swap.v == -1);
    assert_true(got.cpus.v == 1500000000);
    assert_true(got.micro.v == 50000);
    assert_true(got.number.v == -3);
    assert_int_equal(parse("--micro 50ms --size 1024 --swap 2M"), 0);
    assert_true(got.micro.v == 50000);
    assert_true(got.size.v == 1024);
    assert_true(got.swap.v == 2 << 20);
}

static void test_texts(void **state _unused_)
{
    const struct command *const commands[] = { &command, NULL };
    struct strbuf out = STRBUF_INIT;
    command_help(&out, "oakum", &command);
    assert_non_null(strstr(out.buf, "Usage: oakum x"));
    assert_non_null(strstr(out.buf, "  -t, --text TEXT"));
    assert_null(strstr(out.buf, "--later"));
    strbuf_reset(&out);
    commands_help(&out, "oakum", "Summary", commands, options, 1);
    assert_non_null(strstr(out.buf, "Commands:\n  x "));
    strbuf_reset(&out);
    commands_dump(&out, "oakum", commands, options, 1);
    assert_non_null(strstr(out.buf, "\"name\": \"text\""));
    strbuf_free(&out);
}

static int begin(void **state _unused_)
{
    arena = arena_new();
    return 0;
}

static int end(void **state _unused_)
{
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),    cmocka_unit_test(test_ends),    cmocka_unit_test(test_help),
        cmocka_unit_test(test_mistakes), cmocka_unit_test(test_numbers), cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
