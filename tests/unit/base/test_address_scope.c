#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cmocka.h>

#include "common/base/address_scope.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum address_scope scope_of(const char *text)
{
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
		return address_scope((const struct sockaddr *)&ipv4);
	assert_int_equal(inet_pton(AF_INET6, text, &ipv6.sin6_addr), 1);
	return address_scope((const struct sockaddr *)&ipv6);
}

static void assert_scope(const char *text, enum address_scope expected)
{
	if (scope_of(text) != expected)
		fail_msg("%s: %d", text, (int)scope_of(text));
}

/* What is before a range, its ends, and what is behind it; NULL if there is nothing. */
struct range {
	const char *before, *first, *last, *behind;
};

static void assert_ranges(const struct range *ranges, size_t count, enum address_scope expected)
{
	for (size_t i = 0; i < count; i++) {
		assert_scope(ranges[i].first, expected);
		assert_scope(ranges[i].last, expected);
		if (ranges[i].before != NULL)
			assert_scope(ranges[i].before, ADDRESS_PUBLIC);
		if (ranges[i].behind != NULL)
			assert_scope(ranges[i].behind, ADDRESS_PUBLIC);
	}
}

static void special_ranges_of_ipv4_are_private_from_end_to_end(void **state)
{
	static const struct range ranges[] = {
	    {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0"},
	    {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
	    {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
	    {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
	    {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
	    {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
	    {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
	    {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
	    {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
	    {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
	    {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
	    {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
	    {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL},
	    {NULL, "240.0.0.0", "255.255.255.255", NULL},
	};

	(void)state;
	assert_ranges(ranges, COUNT(ranges), ADDRESS_PRIVATE);
}

static void special_ranges_of_ipv6_are_private_from_end_to_end(void **state)
{
	static const struct range ranges[] = {
	    {NULL, "::", "::", NULL},
	    {NULL, "::2", "::ffff", NULL},
	    {NULL, "::1.2.3.4", "::255.255.255.255", NULL},
	    {NULL, "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", NULL},
	    {NULL, "100::", "100::ffff:ffff:ffff:ffff", NULL},
	    {NULL, "100:0:0:1::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
	    {"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
	    {"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
	    {"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
	    {"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "5f00::", NULL},
	    {NULL, "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	    {NULL, "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	    {NULL, "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	    {NULL, "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	};

	(void)state;
	assert_ranges(ranges, COUNT(ranges), ADDRESS_PRIVATE);
}

static void what_is_looped_back_is_neither_private_nor_public(void **state)
{
	static const struct range ranges[] = {
	    {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
	    {NULL, "::1", "::1", NULL},
	    {NULL, "::ffff:127.0.0.0", "::ffff:127.255.255.255", NULL},
	};

	(void)state;
	assert_ranges(ranges, COUNT(ranges), ADDRESS_LOOPBACK);
}

static void what_anybody_can_reach_is_public(void **state)
{
	static const char *const addresses[] = {"1.1.1.1", "8.8.8.8", "192.31.196.1",
	    "192.175.48.1", "2606:4700::1111", "2620:4f:8000::1", "2a00:1450::1",
	    "2001:4860::8888"};

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++)
		assert_scope(addresses[i], ADDRESS_PUBLIC);
}

static void an_ipv6_address_that_stands_for_an_ipv4_address_is_what_that_is(void **state)
{
	static const struct range ranges[] = {
	    {"::ffff:9.255.255.255", "::ffff:10.0.0.0", "::ffff:10.255.255.255", "::ffff:11.0.0.0"},
	    {"64:ff9b::9.255.255.255", "64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255",
		"64:ff9b::11.0.0.0"},
	    {"2002:9ff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2002:a00::", "2002:aff:ffff:ffff:ffff:ffff:ffff:ffff", "2002:b00::"},
	    {"::ffff:169.253.255.255", "::ffff:169.254.169.254", "::ffff:169.254.255.255", NULL},
	};

	(void)state;
	assert_ranges(ranges, COUNT(ranges), ADDRESS_PRIVATE);
}

/* It is the gateway that is reached. */
static void what_a_gateway_translates_is_not_this_machine(void **state)
{
	(void)state;
	assert_scope("64:ff9b::127.0.0.1", ADDRESS_PRIVATE);
	assert_scope("2002:7f00:1::", ADDRESS_PRIVATE);
	assert_int_equal(address_scope_of_host("[64:ff9b::7f00:1]"), ADDRESS_PRIVATE);
}

static void what_is_no_ip_address_is_private(void **state)
{
	const struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/run/x"};

	(void)state;
	assert_int_equal(address_scope((const struct sockaddr *)&path), ADDRESS_PRIVATE);
}

static void a_host_says_its_scope_if_it_is_an_address_or_this_machine(void **state)
{
	static const struct {
		const char *host;
		enum address_scope scope;
	} hosts[] = {
	    {"localhost", ADDRESS_LOOPBACK},
	    {"LocalHost", ADDRESS_LOOPBACK},
	    {"localhost.", ADDRESS_LOOPBACK},
	    {"a.b.localhost", ADDRESS_LOOPBACK},
	    {".localhost", ADDRESS_LOOPBACK},
	    {"127.0.0.1", ADDRESS_LOOPBACK},
	    {"127.0.0.1.", ADDRESS_LOOPBACK},
	    {"127.1", ADDRESS_LOOPBACK},
	    {"2130706433", ADDRESS_LOOPBACK},
	    {"0x7f.1", ADDRESS_LOOPBACK},
	    {"[::1]", ADDRESS_LOOPBACK},
	    {"::1", ADDRESS_LOOPBACK},
	    {"[::ffff:127.0.0.1]", ADDRESS_LOOPBACK},
	    {"10.1.2.3", ADDRESS_PRIVATE},
	    {"169.254.169.254", ADDRESS_PRIVATE},
	    {"0.0.0.0", ADDRESS_PRIVATE},
	    {"0", ADDRESS_PRIVATE},
	    {"[fe80::1%25eth0]", ADDRESS_PRIVATE},
	    {"[fd00::1]", ADDRESS_PRIVATE},
	    {"8.8.8.8", ADDRESS_PUBLIC},
	    {"[2606:4700::1111]", ADDRESS_PUBLIC},
	    {"example.com", ADDRESS_PUBLIC},
	    {"localhost.example.com", ADDRESS_PUBLIC},
	    {"mylocalhost", ADDRESS_PUBLIC},
	    {"host", ADDRESS_PUBLIC},
	    {"", ADDRESS_PUBLIC},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		const enum address_scope scope = address_scope_of_host(hosts[i].host);

		if (scope != hosts[i].scope)
			fail_msg("%s: %d", hosts[i].host, (int)scope);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(special_ranges_of_ipv4_are_private_from_end_to_end),
	    cmocka_unit_test(special_ranges_of_ipv6_are_private_from_end_to_end),
	    cmocka_unit_test(what_is_looped_back_is_neither_private_nor_public),
	    cmocka_unit_test(what_anybody_can_reach_is_public),
	    cmocka_unit_test(an_ipv6_address_that_stands_for_an_ipv4_address_is_what_that_is),
	    cmocka_unit_test(what_a_gateway_translates_is_not_this_machine),
	    cmocka_unit_test(what_is_no_ip_address_is_private),
	    cmocka_unit_test(a_host_says_its_scope_if_it_is_an_address_or_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
