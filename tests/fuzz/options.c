// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that was freed stays out of use for a while only: what uses it is found
 * in the same input, and thousands of inputs a second need the memory
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:malloc_context_size=8:allow_addr2line=1";
}
