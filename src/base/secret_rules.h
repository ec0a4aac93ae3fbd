// SPDX-License-Identifier: Apache-2.0
/*
 * base/secret_rules.h: what a secret looks like. A table of the forms in which providers issue their tokens, the key files and
 * connection strings that hold one, and the names under which people keep passwords.
 *
 * A match is a reason to refuse or to look, not a proof: a password cannot be told from a word, so a name that says "password"
 * is enough, while a name that says only "token" or "key" needs a value that is long and random too. What providers publish as
 * examples (AKIA…EXAMPLE) and what stands in for a value (xxxx, <token>, ${TOKEN}) is not a secret. Paths are not: NAME_FILE
 * is how a secret should be passed. Nothing here fails, allocates or keeps the text, and no kind has a part of the value in it.
 */
#pragma once

#include "base/util.h"

/* The kind ("GitHub token") of the first secret in text by its form alone, wherever in it that stands; NULL: there is none. */
const char *secret_in_text(const char *text, size_t len);
/* The same for a variable: by its value's form, then by what its name says. name is len bytes long. */
const char *secret_in_variable(const char *name, size_t len, const char *value);
/* How many kinds are known by their form. */
size_t secret_kinds(void);
