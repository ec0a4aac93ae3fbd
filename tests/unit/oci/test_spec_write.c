// SPDX-License-Identifier: Apache-2.0
/*
 * struct oci_spec into JSON: what was read comes back whole, whatever it was; what was built says what it
 * should and nothing else; and what was read and then changed keeps what was not touched.
 */
#include "oci_test.h"

static const char *const fixtures[] = {
    "every-field.json",       "runc.json",          "crun.json",
    "podman-plain.json",      "podman-limits.json", "podman-host.json",
    "docker-plain.json",      "docker-limits.json", "podman-privileged.json",
    "docker-privileged.json",
};

static void assert_round_trip(const char *text)
{
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    _cleanup_json_ json_t *before = json_of(text), *after = oci_spec_to_json(spec);
    for (int indent = 0; indent <= 4; indent += 4) {
        _cleanup_free_ char *written = oci_spec_text(spec, indent);
        _cleanup_json_ json_t *again = json_of(written);
        if (!json_equal(before, after) || !json_equal(before, again))
            fail_msg("%s\ncame back as\n%s", text, written);
    }
}

static void test_fixtures(void **state _unused_)
{
    for (size_t i = 0; i < ARRAY_LEN(fixtures); i++) {
        _cleanup_free_ char *text = data_text(fixtures[i]);
        assert_round_trip(text);
    }
}

/* Absent, null and empty are three things. */
static void test_emptiness(void **state _unused_)
{
    static const char *const texts[] = {
        "{'ociVersion': '1.0.0'}",
        "{'ociVersion': '1.0.0', 'process': null, 'root': null, 'linux': null, 'mounts': null, 'hooks': null, 'annotations': null}",
        "{'ociVersion': '1.0.0', 'mounts': [], 'hooks': {}, 'annotations': {}, 'hostname': '', 'linux': {}}",
        "{'ociVersion': '1.0.0', 'hooks': {'prestart': null, 'poststop': [], 'x': []}}",
        "{'ociVersion': '1.0.0', 'linux': {'seccomp': null, 'namespaces': [], 'timeOffsets': {}, 'intelRdt': {}, 'resources': {}}}",
        "{'ociVersion': '1.0.0', 'linux': {'timeOffsets': {'monotonic': {}, 'boottime': null}, 'sysctl': {}, 'netDevices': {}}}",
        "{'ociVersion': '1.0.0', 'linux': {'resources': {'pids': {}, 'memory': {'limit': null}, 'cpu': {'cpus': ''}, 'rdma': {}}}}",
        "{'ociVersion': '1.0.0', 'linux': {'resources': {'pids': null, 'unified': {}, 'devices': [], 'network': {'priorities': []}}}}",
        "{'ociVersion': '1.0.0', 'process': {'user': {'uid': 0, 'gid': 0, 'additionalGids': [], 'umask': null}, 'args': ['a'], 'cwd': '/', "
        "'env': [], 'capabilities': {}, 'rlimits': [], 'scheduler': null, 'noNewPrivileges': false, 'apparmorProfile': ''}}",
        "{'ociVersion': '1.0.0', 'linux': {'namespaces': null, 'devices': [{'type': 'p', 'path': '/p', 'major': 0}]}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        _cleanup_free_ char *text = quoted(texts[i]);
        assert_round_trip(text);
    }
}

/* A whole document with one value exchanged: it is read and comes back, or the message begins with the place. */

struct trial {
    json_t *root;
    size_t accepted, refused;
};

static void try_document(struct trial *t, const char *path)
{
    _cleanup_free_ char *text = oci_json_text(t->root, 0);
    struct oci_spec *spec = NULL;
    struct error err = { 0 };
    if (oci_spec_parse(text, strlen(text), &spec, &err) == 0) {
        oci_spec_free(spec);
        assert_round_trip(text);
        t->accepted++;
        return;
    }
    /* The place, a neighbour that does not go with it any more, or an object around it */
    const char *colon = strstr(err.msg, ": ");
    size_t n = colon != NULL ? (size_t) (colon - err.msg) : 0, around = strlen(path);
    while (around > 0 && path[around] != '.' && path[around] != '[')
        around--;
    if (n == 0 || strncmp(err.msg, path, MIN_OF(n, around)) != 0)
        fail_msg("%s: %s", path, err.msg);
    t->refused++;
}

static void try_value(struct trial *t, const char *path, json_t *parent, const char *key, size_t index)
{
    static const char *const values[] = { "null",
                                          "{}",
                                          "[]",
                                          "\"\"",
                                          "0",
                                          "1",
                                          "-1",
                                          "false",
                                          "true",
                                          "\"x\"",
                                          "1.5",
                                          "18446744073709551615",
                                          "9223372036854775809",
                                          "[{}]",
                                          "[\"\"]",
                                          "{\"a\": {}}",
                                          "[0]" };
    bool array = json_is_array(parent);
    json_t *old = json_incref(array ? json_array_get(parent, index) : json_object_get(parent, key));
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        _cleanup_free_ char *wrapped = xasprintf("[%s]", values[i]);
        _cleanup_json_ json_t *list = json_of(wrapped);
        if (array)
            json_array_set(parent, index, json_array_get(list, 0));
        else
            json_object_set(parent, key, json_array_get(list, 0));
        try_document(t, path);
    }
    if (array) {
        json_array_remove(parent, index);
        try_document(t, path);
        json_array_insert_new(parent, index, old);
    } else {
        json_object_del(parent, key);
        try_document(t, path);
        json_object_set_new(parent, key, old);
    }
}

static void try_all(struct trial *t, const char *path, json_t *at)
{
    const char *key;
    json_t *copy = json_copy(at), *v;
    for (size_t i = 0; i < json_array_size(at); i++) {
        _cleanup_free_ char *below = xasprintf("%s[%zu]", path, i);
        try_value(t, below, at, NULL, i);
        try_all(t, below, json_array_get(at, i));
    }
    json_object_foreach(copy, key, v)
    {
        bool plain = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                     strlen(key);
        _cleanup_free_ char *below = plain ? xasprintf("%s%s%s", path, path[0] != '\0' ? "." : "", key)
                                           : xasprintf("%s[\"%s\"]", path, key);
        try_value(t, below, at, key, 0);
        try_all(t, below, v);
    }
    json_decref(copy);
}

static void test_exchanged(void **state _unused_)
{
    _cleanup_free_ char *text = data_text("every-field.json");
    struct trial t = { .root = json_of(text) };
    try_all(&t, "", t.root);
    json_decref(t.root);
    print_message("%zu documents came back, %zu were refused by place\n", t.accepted, t.refused);
    assert_true(t.accepted > 1000 && t.refused > 1000);
}

/* Built from nothing */

static void assert_spec(const struct oci_spec *spec, const char *expected)
{
    _cleanup_free_ char *text = quoted(expected), *written = oci_spec_text(spec, 0);
    _cleanup_json_ json_t *want = json_of(text), *have = json_of(written);
    if (!json_equal(want, have))
        fail_msg("%s\nis not\n%s", written, text);
    assert_round_trip(written);
}

static void test_empty_spec(void **state _unused_)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    assert_spec(spec, "{'ociVersion': '1.3.0'}");
    oci_spec_free(NULL);
}

static void test_built(void **state _unused_)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    struct arena *a = spec->arena;
    spec->root_path = "rootfs";
    spec->root_readonly = true;
    spec->process.set = true;
    spec->process.cwd = "/";
    oci_strings_add(a, &spec->process.args, "id");
    oci_strings_add(a, &spec->process.args, "-u");
    spec->process.no_new_privileges = true;
    spec->process.capabilities.set = true;
    struct oci_rlimit limit = { .type = "RLIMIT_CORE", .hard = UINT64_MAX };
    spec->process.rlimits = &limit;
    spec->process.n_rlimits = 1;
    oci_mount_add(spec, "/proc", "proc", "proc", NULL);
    struct oci_mount *m = oci_mount_add(spec, "/tmp", "tmpfs", NULL,
                                        (const char *const[]){ "nosuid", "nodev", NULL });
    assert_ptr_equal(m, &spec->mounts[1]);
    oci_pairs_set(a, &spec->annotations, "k", "1");
    oci_pairs_set(a, &spec->annotations, "k", "2");
    spec->linux_.set = true;
    spec->linux_.namespaces[OCI_NS_USER].set = true;
    spec->linux_.namespaces[OCI_NS_PID].set = true;
    spec->linux_.namespaces[OCI_NS_NETWORK] = (struct oci_namespace){ .set = true, .path = "/run/netns/x" };
    spec->linux_.resources.pids_limit = (struct opt_i64){ true, 0 };
    struct oci_device device = { .type = "c", .path = "/dev/x" };
    spec->linux_.devices = &device;
    spec->linux_.n_devices = 1;
    struct oci_device_rule rule = { .allow = false };
    spec->linux_.resources.devices = &rule;
    spec->linux_.resources.n_devices = 1;
    struct oci_hook hook = { .path = "/bin/hook", .timeout = { true, 3 } };
    spec->hooks[OCI_HOOK_POSTSTOP] = (struct oci_hooks){ &hook, 1 };
    assert_spec(
        spec,
        "{'ociVersion': '1.3.0', 'root': {'path': 'rootfs', 'readonly': true}, 'process': {'user': {'uid': 0, 'gid': 0}, "
        "'args': ['id', '-u'], 'cwd': '/', 'noNewPrivileges': true, 'capabilities': {}, 'rlimits': [{'type': 'RLIMIT_CORE', "
        "'hard': 18446744073709551615, 'soft': 0}]}, 'mounts': [{'destination': '/proc', 'type': 'proc', 'source': 'proc'}, "
        "{'destination': '/tmp', 'type': 'tmpfs', 'options': ['nosuid', 'nodev']}], 'annotations': {'k': '2'}, 'linux': "
        "{'namespaces': [{'type': 'pid'}, {'type': 'network', 'path': '/run/netns/x'}, {'type': 'user'}], 'resources': "
        "{'pids': {'limit': 0}, 'devices': [{'allow': false}]}, 'devices': [{'path': '/dev/x', 'type': 'c', 'major': 0, "
        "'minor': 0}]}, 'hooks': {'poststop': [{'path': '/bin/hook', 'timeout': 3}]}}");
}

/* json_text() where oci_spec_text() should stand still gives what can be read back. */
static void test_plain_text(void **state _unused_)
{
    _cleanup_free_ char *before = data_text("docker-limits.json");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(before);
    _cleanup_json_ json_t *json = oci_spec_to_json(spec);
    _cleanup_free_ char *text = json_text(json, 0);
    _cleanup_oci_spec_ struct oci_spec *again = spec_of(text);
    assert_true(again->process.rlimits[0].hard == UINT64_MAX);
    _cleanup_free_ char *after = oci_spec_text(again, 0);
    assert_non_null(strstr(after, "\"hard\":18446744073709551615"));
}

/* Without their `set` the objects are not written, however much is in them: what is written is what is enforced. */
static void test_not_set(void **state _unused_)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    spec->process.no_new_privileges = true;
    spec->linux_.cgroups_path = "/x";
    assert_spec(spec, "{'ociVersion': '1.3.0'}");
    spec->linux_.set = true;
    spec->linux_.seccomp.listener_path = "/x";
    spec->linux_.monotonic_secs = 5;
    assert_spec(spec, "{'ociVersion': '1.3.0', 'linux': {'cgroupsPath': '/x'}}");
    spec->linux_.time_offsets_set = true;
    assert_spec(
        spec,
        "{'ociVersion': '1.3.0', 'linux': {'cgroupsPath': '/x', 'timeOffsets': {'monotonic': {'secs': 5}}}}");
}

/* Read, then changed */
static void test_changed(void **state _unused_)
{
    _cleanup_free_ char *text = quoted(
        "{'ociVersion': '1.0.0', 'x': 1, 'hostname': 'a', 'root': {'path': 'r', 'readonly': true, 'y': 2}, 'mounts': [{'destination': "
        "'/a', 'z': 'of a'}, {'destination': '/b', 'source': '', 'z': 'of b'}, {'destination': '/c'}], 'linux': {'seccomp': "
        "{'defaultAction': 'SCMP_ACT_LOG', 'old': 1}, 'resources': {'pids': {'limit': 5}, 'devices': []}, 'namespaces': [{'type': "
        "'uts', 'w': 1}, {'type': 'pid'}]}, 'process': {'user': {'uid': 5, 'gid': 0}, 'args': ['a'], 'cwd': '/', 'terminal': true}}");
    _cleanup_oci_spec_ struct oci_spec *spec = spec_of(text);
    spec->hostname = NULL;
    spec->root_readonly = false;
    spec->mounts[0] = spec->mounts[1]; /* a mount takes what belongs to it along */
    spec->mounts[1] = (struct oci_mount){ .destination = "/new" };
    spec->linux_.seccomp = (struct oci_seccomp){ .set = true, .default_action = OCI_ACT_ALLOW };
    spec->linux_.resources.pids_limit.set = false;
    spec->linux_.namespaces[OCI_NS_PID].set = false;
    spec->linux_.namespaces[OCI_NS_IPC].set = true;
    spec->process.user.uid = 0;
    spec->process.terminal = false;
    assert_spec(
        spec,
        "{'ociVersion': '1.0.0', 'x': 1, 'root': {'path': 'r', 'y': 2}, 'mounts': [{'destination': '/b', 'source': '', 'z': "
        "'of b'}, {'destination': '/new'}, {'destination': '/c'}], 'linux': {'seccomp': {'defaultAction': 'SCMP_ACT_ALLOW'}, "
        "'resources': {'devices': []}, 'namespaces': [{'type': 'uts', 'w': 1}, {'type': 'ipc'}]}, 'process': {'user': {'uid': "
        "0, 'gid': 0}, 'args': ['a'], 'cwd': '/'}}");
}

/* Bytes that JSON cannot hold do not make an entry vanish. */
static void test_not_utf8(void **state _unused_)
{
    _cleanup_oci_spec_ struct oci_spec *spec = oci_spec_new();
    spec->hostname = "a\xff"
                     "b\xe2\x82";
    oci_pairs_set(spec->arena, &spec->annotations, "k\xc0\xaf", "\xed\xa0\x80");
    oci_pairs_set(spec->arena, &spec->annotations, "ok", "\xf4\x8f\xbf\xbf");
    assert_spec(
        spec,
        "{'ociVersion': '1.3.0', 'hostname': 'a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xef\xbf\xbd', 'annotations': "
        "{'k\xef\xbf\xbd\xef\xbf\xbd': '\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd', 'ok': '\xf4\x8f\xbf\xbf'}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixtures),   cmocka_unit_test(test_emptiness), cmocka_unit_test(test_exchanged),
        cmocka_unit_test(test_empty_spec), cmocka_unit_test(test_built),     cmocka_unit_test(test_not_set),
        cmocka_unit_test(test_plain_text), cmocka_unit_test(test_changed),   cmocka_unit_test(test_not_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
