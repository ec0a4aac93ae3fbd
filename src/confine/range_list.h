// SPDX-License-Identifier: Apache-2.0
/*
 * confine/range_list.h: lists of CPUs and memory nodes as the kernel and the specification write them ("0-3,7"), as bits.
 *
 * Blanks around numbers are allowed; a list that is empty, a range that runs backwards and a number that does not fit are not.
 *
 * Failure mode: fail closed. What is not a list all through is an error, and the caller makes a message of it; the bits that were read
 * until then are set, so they must not be used.
 */
#pragma once

#include "base/util.h"

#define RANGE_LIST_BITS (8 * sizeof(unsigned long))

/* Sets the bits of text in bits (n_bits of them, a multiple of RANGE_LIST_BITS, cleared first). -EINVAL: not a list; -ERANGE: n_bits or more. */
int range_list_parse(const char *text, unsigned long *bits, size_t n_bits) _warn_unused_;
