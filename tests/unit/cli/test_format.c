// SPDX-License-Identifier: Apache-2.0
/*
 * Templates against what Go's text/template makes of the same text and the same data (with docker's functions; the results were written
 * by a Go program). NULL: Go refuses it, and so do we.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/format.h"

static const char data[] =
    "{\"ID\":\"abc\",\"N\":7,\"F\":1.5,\"Big\":12345678,\"T\":true,\"Z\":0,\"E\":\"\",\"A\":[\"x\",\"y\",\"z\"],"
    "\"O\":{\"a\":\"one\",\"b\":2,\"in\":{\"k\":\"v\"}},\"L\":[],\"Nil\":null,\"S\":\"Hello big World\",\"U\":\"größe\"}";

static const struct {
    const char *template, *result;
} rows[] = {
    { "plain", "plain" },
    { "{{.ID}}", "abc" },
    { "{{ .ID }} and {{.N}}", "abc and 7" },
    { "a {{- .ID -}} b", "aabcb" },
    { "a  {{- /* comment */ -}}  b", "ab" },
    { "x{{/* c */}}y", "xy" },
    { "{{.O.in.k}} {{.O.a}}", "v one" },
    { "{{.Missing}}", "<no value>" },
    { "{{.O.missing}}", "<no value>" },
    { "{{.Nil}}", "<no value>" },
    { "{{.A}} {{.O}} {{.L}} {{.T}} {{.F}} {{.Big}}",
      "[x y z] map[a:one b:2 in:map[k:v]] [] true 1.5 12345678" },
    { "{{.ID.foo}}", NULL },
    { "{{json .O}}", "{\"a\":\"one\",\"b\":2,\"in\":{\"k\":\"v\"}}" },
    { "{{json .A}} {{json .ID}} {{json .O}} {{.A | json}}",
      "[\"x\",\"y\",\"z\"] \"abc\" {\"a\":\"one\",\"b\":2,\"in\":{\"k\":\"v\"}} [\"x\",\"y\",\"z\"]" },
    { "{{if .T}}yes{{else}}no{{end}}", "yes" },
    { "{{if .Z}}yes{{else}}no{{end}}{{if .E}}1{{else if .L}}2{{else if .A}}3{{else}}4{{end}}", "no3" },
    { "{{if not .T}}a{{end}}{{if and .T .N}}b{{end}}{{if or .Z .E}}c{{else}}d{{end}}", "bd" },
    { "{{and .T .Z .N}} {{or .E .ID}} {{or .Z .E}} {{and .T .ID}}", "0 abc  abc" },
    { "{{range .A}}[{{.}}]{{end}}", "[x][y][z]" },
    { "{{range $i, $e := .A}}{{$i}}={{$e}},{{end}}", "0=x,1=y,2=z," },
    { "{{range $e := .A}}{{$e}}{{end}}", "xyz" },
    { "{{range $k, $v := .O}}{{$k}}:{{$v}};{{end}}", "a:one;b:2;in:map[k:v];" },
    { "{{range .L}}x{{else}}none{{end}}", "none" },
    { "{{range .A}}{{if eq . \"y\"}}{{break}}{{end}}{{.}}{{end}}", "x" },
    { "{{range .A}}{{if eq . \"y\"}}{{continue}}{{end}}{{.}}{{end}}", "xz" },
    { "{{with .O}}{{.a}}{{end}}{{with .Nil}}x{{else}}e{{end}}", "onee" },
    { "{{with $x := .O.in}}{{$x.k}}{{end}}", "v" },
    { "{{$x := .ID}}{{$x}}{{$x = \"new\"}}{{$x}}", "abcnew" },
    { "{{$x := 1}}{{if .T}}{{$x = 2}}{{end}}{{$x}}", "2" },
    { "{{range .A}}{{$.ID}}{{end}}", "abcabcabc" },
    { "{{index .A 0}} {{index .O \"a\"}} {{index .O \"in\" \"k\"}} {{index .O \"none\"}}",
      "x one v <no value>" },
    { "{{index .A 9}}", NULL },
    { "{{len .A}} {{len .ID}} {{len .O}} {{len .U}}", "3 3 3 7" },
    { "{{len .N}}", NULL },
    { "{{eq .ID \"abc\"}} {{ne .ID \"abc\"}} {{eq .N 7}} {{lt .N 8}} {{ge .N 8}} {{le .N 7}} {{gt .N 7}} {{eq .ID \"x\" \"abc\"}} {{lt \"a\" \"b\"}}",
      "true false true true false true false true true" },
    { "{{eq .N \"7\"}}", NULL },
    { "{{print .ID .N .Z .E}} {{print 1 2}} {{print \"a\" 1 2 \"b\"}}", "abc7 0 1 2 a1 2b" },
    { "{{println .ID .N}}x", "abc 7\nx" },
    { "{{printf \"%s-%d|%5s|%-5s|%05d|%x|%q|%v|%t|%%\" .ID .N .ID .ID .N .Big .ID .A .T}}",
      "abc-7|  abc|abc  |00007|bc614e|\"abc\"|[x y z]|true|%" },
    { "{{printf \"%.2f %6.1f|%e|%+d\" .F .F .F .N}}", "1.50    1.5|1.500000e+00|+7" },
    { "{{printf \"%s\"}}", "%!s(MISSING)" },
    { "{{printf \"%d\" .ID}}", "%!d(string=abc)" },
    { "{{.ID | printf \"%s!\"}} {{.ID | upper | lower | title}}", "abc! Abc" },
    { "{{upper .ID}} {{lower .S}} {{title \"hello world\"}}", "ABC hello big world Hello World" },
    { "{{join .A \", \"}} {{split .S \" \"}} {{index (split .S \" \") 1}}", "x, y, z [Hello big World] big" },
    { "{{pad .ID 1 2}}| {{truncate .S 4}} {{truncate .U 3}}", " abc  | Hell grö" },
    { "{{slice .ID 1}} {{slice .ID 0 2}} {{slice .ID}} {{slice .A 1 3}} {{slice .ID 3}}|",
      "bc ab abc [y z] |" },
    { "{{slice .ID 0 4}}", NULL },
    { "{{slice .ID 2 1}}", NULL },
    { "{{slice .ID -1}}", NULL },
    { "{{slice .N 1}}", NULL },
    { "{{slice .ID \"x\"}}", NULL },
    { "{{(index .A 0)}} {{(.O.in).k}} {{len (join .A \"\")}}", "x v 3" },
    { "{{\"quoted \\\"x\\\" \\t.\"}} {{`raw \\n`}}", "quoted \"x\" \t. raw \\n" },
    { "{{1}} {{-3}} {{1.5}} {{true}} {{false}}", "1 -3 1.5 true false" },
    { "{{.ID", NULL },
    { "{{if .T}}x", NULL },
    { "{{end}}", NULL },
    { "{{else}}", NULL },
    { "{{if .T}}{{else}}{{else}}{{end}}", NULL },
    { "{{nosuch .ID}}", NULL },
    { "{{.ID .N}}", NULL },
    { "{{\"a\" \"b\"}}", NULL },
    { "{{.ID | .N}}", NULL },
    { "{{break}}", NULL },
    { "{{$nosuch}}", NULL },
    { "{{}}", NULL },
    { "{{.A.}}", NULL },
    { "{{(.ID}}", NULL },
    { "{{\"abc}}", NULL },
    { "{{range .N}}x{{end}}", NULL },
    { "{{range .ID}}x{{end}}", NULL },
    { "{{not .T .T}}", NULL },
    { "a{{\"\n\"}}b", NULL },
    { "one\n  {{- if .T }}\ntwo\n{{- end }}\nthree", "one\ntwo\nthree" },
    { "{{with .O}}{{with .in}}{{.k}}{{end}}{{end}}", "v" },
    { "{{if .T}}{{$y := 1}}{{end}}{{$y}}", NULL },
    { "{{range $i, $c := .A}}{{if $i}}, {{end}}{{$c}}{{end}}", "x, y, z" },
    { "{{if eq .O.in.k \"v\"}}deep{{end}}", "deep" },
    { "{{json (index .A 1)}}{{json .Nil}}", "\"y\"null" },
    { "{{.S}}{{\"}}\"}}", "Hello big World}}" },
};

static int render(const char *text, unsigned flags, struct strbuf *out, struct error *err)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_json_ json_t *value = NULL;
    struct template *t;
    assert_int_equal(json_parse(data, strlen(data), "data", &value, err), 0);
    int r = template_parse(text, a, &t, err);
    return r < 0 ? r : template_render(t, value, flags, out, err);
}

static void test_as_go_does(void **state)
{
    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
        struct error err = { 0 };
        int r = render(rows[i].template, 0, &out, &err);
        if (rows[i].result == NULL ? r >= 0 : r < 0 || !str_eq(out.buf, rows[i].result))
            fail_msg("%s\n  expected: %s\n  found:    %d %s %s", rows[i].template,
                     rows[i].result != NULL ? rows[i].result : "an error", r, out.buf, err.msg);
        if (r < 0)
            assert_true(err.msg[0] != '\0');
    }
}

static void test_strict(void **state)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    struct error err = { 0 };
    (void) state;
    assert_true(render("{{.Missing}}", TEMPLATE_STRICT, &out, &err) < 0);
    assert_non_null(strstr(err.msg, ".Missing"));
    assert_int_equal(render("{{.Nil}}{{.ID}}", TEMPLATE_STRICT, &out, &err), 0);
}

/* Values cannot drive a terminal; the template's own line ends stay. */
static void test_neutralised(void **state)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_json_ json_t *value = json_pack("{ss}", "V", "\033[2Jx\ny");
    struct error err = { 0 };
    struct template *t;
    (void) state;
    assert_int_equal(template_parse("\n{{.V}}", a, &t, &err), 0);
    assert_int_equal(template_render(t, value, TEMPLATE_NEUTRALISE, &out, &err), 0);
    assert_string_equal(out.buf, "\n\\x1b[2Jx\ny");
    strbuf_reset(&out);
    assert_int_equal(template_render(t, value, 0, &out, &err), 0);
    assert_string_equal(out.buf, "\n\033[2Jx\ny");
}

/* Hostile text only costs an error. */
static void test_depth_and_size(void **state)
{
    static const char *const many[] = { "{{(",     "{{if .T}}",   "{{range .A}}",
                                        "{{not (", "{{$x := 1}}", "{{print 1 1 1 1 1 1 1 1 1 1 " };
    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        _cleanup_strbuf_ struct strbuf text = STRBUF_INIT, out = STRBUF_INIT;
        struct error err = { 0 };
        for (int k = 0; k < 100000; k++)
            strbuf_adds(&text, many[i] + (i == 5 && k > 0 ? 8 : 0));
        if (i == 5)
            strbuf_adds(&text, "}}");
        assert_true(render(text.buf, 0, &out, &err) < 0);
        assert_true(err.msg[0] != '\0');
    }
}

static int rows_of(const char *text, struct strbuf *out, struct error *err)
{
    static const struct format_header headers[] = { { "ID", "CONTAINER ID" }, { NULL, NULL } };
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_format_ struct format *f = NULL;
    int r = format_parse(text, a, &f, err);
    for (int i = 0; r == 0 && i < 2; i++)
        r = format_row(
            f, json_pack("{ss, ss, s{ss}}", "ID", i == 0 ? "one" : "second", "Names", "n", "Label", "k", "v"),
            out, err);
    return r < 0 ? r : format_end(f, headers, out, err);
}

static void test_rows(void **state)
{
    static const struct {
        const char *format, *result;
    } forms[] = {
        { "json", "{\"ID\":\"one\",\"Names\":\"n\"}\n{\"ID\":\"second\",\"Names\":\"n\"}\n" },
        { "{{.ID}}\\t{{.Names}}", "one\tn\nsecond\tn\n" },
        { "{{.Label \"k\"}}{{.Label \"none\"}}", "v\nv\n" },
        { "table {{.ID}}\\t{{.Names}}", "CONTAINER ID   NAMES\none            n\nsecond         n\n" },
        { "table {{.ID | upper}}", "CONTAINER ID\nONE\nSECOND\n" },
        { "{{.Nothing}}", NULL },
        { "nonsense", NULL },
        { "{{", NULL },
    };
    (void) state;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        _cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
        struct error err = { 0 };
        int r = rows_of(forms[i].format, &out, &err);
        if (forms[i].result == NULL ? r >= 0 : r < 0 || !str_eq(out.buf, forms[i].result))
            fail_msg("%s\n  found: %d %s %s", forms[i].format, r, out.buf, err.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_go_does),  cmocka_unit_test(test_strict),
        cmocka_unit_test(test_neutralised), cmocka_unit_test(test_depth_and_size),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
