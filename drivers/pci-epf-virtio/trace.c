// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints: what a function does, as it does it
 */
#define CREATE_TRACE_POINTS
#include "trace.h"
