// SPDX-License-Identifier: Apache-2.0
/* cli/ports.h: published ports as docker shows them. */
#pragma once

#include "base/json.h"
#include "base/strbuf.h"
#include "engine/engine.h"

/* "127.0.0.1:8080->80/tcp, …" of a running container; nothing is added for one without. */
void ports_text(struct engine *e, const struct engine_container *c, struct strbuf *out);
/* "NetworkSettings" of inspect. New reference. */
json_t *ports_settings(struct engine *e, const struct engine_container *c);
