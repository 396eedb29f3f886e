// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c over a controller that refuses
 */
#include <stdlib.h>
#include <string.h>

#include <linux/time64.h>

#include "fake-epc.h"
#include "fake-kernel.h"
#include "irq.h"

#define RETRY_MIN	(50 * NSEC_PER_USEC)
#define RETRY_MAX	(20 * NSEC_PER_MSEC)
#define ECHO		(10 * NSEC_PER_MSEC)

struct fixture {
	struct fake_epc epc;
	struct pci_epf epf;
	struct epfv_irq irq;
};

static int setup(void **state)
{
	struct fixture *t = calloc(1, sizeof(*t));

	fake_kernel_reset();
	fake_epc_init(&t->epc, &fake_dwc, NULL);
	t->epf.epc = &t->epc.epc;
	memset(&t->irq, 0xff, sizeof(t->irq));
	epfv_irq_init(&t->irq, &t->epf);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *t = *state;

	fake_epc_free(&t->epc);
	free(t);
	return 0;
}

static void test_sends_at_once(void **state)
{
	struct fixture *t = *state;

	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	epfv_irq_raise(&t->irq, 0);
	epfv_irq_raise(&t->irq, 2);
	epfv_irq_raise(&t->irq, EPFV_MAX_VECTORS - 1);
	assert_int_equal(t->epc.sent[0], 1);
	assert_int_equal(t->epc.sent[1], 0);
	assert_int_equal(t->epc.sent[2], 1);
	assert_int_equal(t->epc.sent[EPFV_MAX_VECTORS - 1], 1);
	assert_int_equal(t->irq.sent, 3);
	assert_int_equal(t->irq.retries, 0);
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
}

static void test_no_vector(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	epfv_irq_raise(&t->irq, 0xffff);
	epfv_irq_raise(&t->irq, EPFV_MAX_VECTORS);
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	for (i = 0; i < FAKE_MAX_VECTORS; i++)
		assert_int_equal(t->epc.raises[i], 0);
}

/* Masked, then unmasked after any time: sent once, and not before */
static void test_masked_is_not_lost(void **state)
{
	struct fixture *t = *state;
	u64 masked, end, again;

	for (masked = 0; masked < 200 * NSEC_PER_MSEC; masked = masked * 2 + 1000) {
		end = fake_now + masked;
		memset(t->epc.sent, 0, sizeof(t->epc.sent));
		t->epc.raise_result[1] = -EPERM;
		epfv_irq_raise(&t->irq, 1);
		assert_int_equal(t->epc.sent[1], 0);
		for (;;) {
			if ((u64)fake_now >= end)
				t->epc.raise_result[1] = 0;
			again = epfv_irq_flush(&t->irq);
			if (again == U64_MAX)
				break;
			assert_in_range(again, 1, RETRY_MAX);
			assert_int_equal(t->epc.sent[1], 0);
			fake_now += again;
		}
		assert_int_equal(t->epc.sent[1], 1);
		/* Not later than one pause after it could be sent */
		assert_in_range(fake_now, end, end + RETRY_MAX);
		assert_false(t->irq.starved);
	}
}

/* Begins quickly, slows down, never stops, and does not try before it is time */
static void test_back_off(void **state)
{
	struct fixture *t = *state;
	u64 again, last = 0;
	unsigned int i;

	t->epc.raise_result[3] = -EPERM;
	epfv_irq_raise(&t->irq, 3);
	for (i = 0; i < 40; i++) {
		unsigned long tries = t->epc.raises[3];

		again = epfv_irq_flush(&t->irq);
		assert_int_equal(t->epc.raises[3], tries);
		if (!last)
			assert_int_equal(again, RETRY_MIN);
		assert_in_range(again, last, RETRY_MAX);
		last = again;

		fake_now += again - 1;
		assert_int_equal(epfv_irq_flush(&t->irq), 1);
		assert_int_equal(t->epc.raises[3], tries);
		fake_now += 1;
		epfv_irq_flush(&t->irq);
		assert_int_equal(t->epc.raises[3], tries + 1);
	}
	assert_int_equal(last, RETRY_MAX);
	assert_int_equal(t->irq.retries, t->epc.raises[3]);

	/* Once it got through, the next time begins quickly again */
	t->epc.raise_result[3] = 0;
	fake_now += RETRY_MAX;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	t->epc.raise_result[3] = -EPERM;
	epfv_irq_raise(&t->irq, 3);
	assert_int_equal(epfv_irq_flush(&t->irq), RETRY_MIN);
}

/* One vector that is masked for good holds back no other */
static void test_others_are_not_delayed(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	t->epc.raise_result[0] = -EPERM;
	epfv_irq_raise(&t->irq, 0);
	for (i = 0; i < 20; i++) {
		fake_now += epfv_irq_flush(&t->irq);
		epfv_irq_flush(&t->irq);
	}
	for (i = 1; i <= 5; i++) {
		epfv_irq_raise(&t->irq, 1);
		assert_int_equal(t->epc.sent[1], i);
	}
	assert_int_equal(t->epc.sent[0], 0);
}

/* The same vector raised again while it waits is one message */
static void test_merged_while_pending(void **state)
{
	struct fixture *t = *state;

	t->epc.raise_result[0] = -EPERM;
	epfv_irq_raise(&t->irq, 0);
	epfv_irq_raise(&t->irq, 0);
	epfv_irq_raise(&t->irq, 0);
	t->epc.raise_result[0] = 0;
	fake_now += RETRY_MAX;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	assert_int_equal(t->epc.sent[0], 1);
	assert_int_equal(t->irq.sent, 1);
}

static void test_reset_drops(void **state)
{
	struct fixture *t = *state;

	t->epc.raise_result[0] = -EPERM;
	t->epc.raise_result[1] = -EINVAL;
	epfv_irq_raise(&t->irq, 0);
	epfv_irq_raise(&t->irq, 1);
	assert_true(t->irq.starved);
	epfv_irq_drop(&t->irq);
	assert_false(t->irq.starved);
	memset(t->epc.raise_result, 0, sizeof(t->epc.raise_result));
	fake_now += RETRY_MAX;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	assert_int_equal(t->epc.sent[0], 0);
	assert_int_equal(t->epc.sent[1], 0);

	/* The next driver's interrupts do not inherit the pause */
	t->epc.raise_result[0] = -EPERM;
	epfv_irq_raise(&t->irq, 0);
	assert_int_equal(epfv_irq_flush(&t->irq), RETRY_MIN);
}

/* No window left for the message, and the like: somebody has to make room */
static void test_other_errors_starve(void **state)
{
	static const int errors[] = { -EINVAL, -ENOMEM, -ETIMEDOUT, -ENODEV };
	struct fixture *t = *state;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		t->epc.raise_result[4] = errors[i];
		epfv_irq_raise(&t->irq, 4);
		assert_true(t->irq.starved);

		t->epc.raise_result[4] = -EPERM;
		fake_now += RETRY_MAX;
		epfv_irq_flush(&t->irq);
		assert_false(t->irq.starved);

		t->epc.raise_result[4] = errors[i];
		fake_now += RETRY_MAX;
		epfv_irq_flush(&t->irq);
		assert_true(t->irq.starved);

		t->epc.raise_result[4] = 0;
		fake_now += RETRY_MAX;
		assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
		assert_false(t->irq.starved);
		assert_int_equal(t->epc.sent[4], i + 1);
	}
}

/* What the host has switched off, as a function level reset does, no window would help */
static void test_msix_off_starves_nobody(void **state)
{
	struct fixture *t = *state;
	u64 again;

	t->epc.msix = -EINVAL;
	t->epc.raise_result[1] = -EINVAL;
	epfv_irq_raise(&t->irq, 1);
	assert_false(t->irq.starved);
	again = epfv_irq_flush(&t->irq);
	assert_in_range(again, 1, RETRY_MAX);

	/* It stays pending, and is sent when the host has switched it on again */
	t->epc.msix = 3;
	fake_now += again;
	epfv_irq_flush(&t->irq);
	assert_true(t->irq.starved);
	t->epc.raise_result[1] = 0;
	fake_now += RETRY_MAX;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	assert_int_equal(t->epc.sent[1], 1);
}

static void test_msix_enabled(void **state)
{
	struct fixture *t = *state;

	t->epc.msix = 3;
	assert_true(epfv_irq_msix_enabled(&t->irq));
	t->epc.msix = 0;
	assert_false(epfv_irq_msix_enabled(&t->irq));
	t->epc.msix = -EINVAL;
	assert_false(epfv_irq_msix_enabled(&t->irq));
}

/* Without MSI-X all vectors are one, and the last of a series is sent once more */
static void test_intx(void **state)
{
	struct fixture *t = *state;
	unsigned int i;

	epfv_irq_start(&t->irq, false);
	for (i = 1; i <= 3; i++) {
		epfv_irq_raise(&t->irq, i == 3 ? 0xffff : i);
		assert_int_equal(t->epc.intx_sent, i);
		assert_int_equal(epfv_irq_flush(&t->irq), ECHO);
		fake_now += ECHO - 1;
		assert_int_equal(epfv_irq_flush(&t->irq), 1);
		assert_int_equal(t->epc.intx_sent, i);
	}
	fake_now++;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	assert_int_equal(t->epc.intx_sent, 4);
	fake_now += 10 * ECHO;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	assert_int_equal(t->epc.intx_sent, 4);
	assert_int_equal(t->irq.sent, 4);
	assert_int_equal(t->epc.raises[0], 0);

	/* Nothing is left for the next driver, which has MSI-X */
	epfv_irq_raise(&t->irq, 1);
	epfv_irq_drop(&t->irq);
	epfv_irq_start(&t->irq, true);
	fake_now += ECHO;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	assert_int_equal(t->epc.intx_sent, 5);
	epfv_irq_raise(&t->irq, 1);
	assert_int_equal(t->epc.sent[1], 1);
}

/* For a moment: tried again.  For good: told once, and not asked again before the next driver */
static void test_intx_fails(void **state)
{
	struct fixture *t = *state;

	epfv_irq_start(&t->irq, false);
	t->epc.intx_result = -ETIMEDOUT;
	epfv_irq_raise(&t->irq, 1);
	fake_now += RETRY_MIN;
	t->epc.intx_result = 0;
	assert_int_equal(epfv_irq_flush(&t->irq), ECHO);
	assert_int_equal(t->epc.intx_sent, 1);
	assert_int_equal(fake_messages, 0);

	t->epc.intx_result = -EINVAL;
	t->epc.intx_raises = 0;
	epfv_irq_raise(&t->irq, 1);
	epfv_irq_raise(&t->irq, 2);
	fake_now += RETRY_MAX;
	assert_true(epfv_irq_flush(&t->irq) == U64_MAX);
	assert_int_equal(t->epc.intx_raises, 1);
	assert_int_equal(fake_messages, 1);
	assert_non_null(strstr(fake_message, "hears of nothing"));

	epfv_irq_drop(&t->irq);
	epfv_irq_start(&t->irq, false);
	t->epc.intx_result = 0;
	epfv_irq_raise(&t->irq, 1);
	assert_int_equal(t->epc.intx_sent, 2);
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sends_at_once),
		TEST(test_no_vector),
		TEST(test_masked_is_not_lost),
		TEST(test_back_off),
		TEST(test_others_are_not_delayed),
		TEST(test_merged_while_pending),
		TEST(test_reset_drops),
		TEST(test_other_errors_starve),
		TEST(test_msix_off_starves_nobody),
		TEST(test_msix_enabled),
		TEST(test_intx),
		TEST(test_intx_fails),
	};

	return cmocka_run_group_tests_name("irq", tests, NULL, NULL);
}
