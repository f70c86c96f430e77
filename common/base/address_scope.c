#include "address_scope.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "alloc.h"

/* An address or a prefix, in the order of the network. */
struct prefix {
	unsigned char bytes[16];
	unsigned bits;
};

static const struct prefix loopback4 = {{127}, 8};

/*
 * IANA's registry of special-purpose IPv4 addresses, and multicast; loopback4 is left out. Those
 * in 192.0.0.0/24 that are globally reachable are anycast, which is nobody's web server.
 */
static const struct prefix private4[] = {
    {{0}, 8},             /* this network */
    {{10}, 8},            /* private use */
    {{100, 64}, 10},      /* shared by a provider's customers */
    {{169, 254}, 16},     /* link-local */
    {{172, 16}, 12},      /* private use */
    {{192, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2}, 24},    /* documentation */
    {{192, 88, 99}, 24},  /* anycast of 6to4 relays, deprecated */
    {{192, 168}, 16},     /* private use */
    {{198, 18}, 15},      /* benchmarking */
    {{198, 51, 100}, 24}, /* documentation */
    {{203, 0, 113}, 24},  /* documentation */
    {{224}, 3},           /* multicast, reserved, broadcast */
};

/* All that is assigned at all, and what of that is special; multicast lies outside. */
static const struct prefix assigned6 = {{0x20}, 3};
static const struct prefix private6[] = {
    {{0x20, 0x01}, 23},             /* protocol assignments: Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x3f, 0xff}, 20},             /* documentation */
};

/* IPv4 addresses as IPv6 has them, in the last four bytes. */
static const struct prefix mapped6 = {{[10] = 0xff, [11] = 0xff}, 96};

/* What a gateway sends on to an IPv4 address, and where in it that is. */
static const struct {
	struct prefix prefix;
	size_t at;
} translated6[] = {
    {{{0x00, 0x64, 0xff, 0x9b}, 96}, 12}, /* NAT64 */
    {{{0x20, 0x02}, 16}, 2},              /* 6to4 */
};

static bool begins_with(const unsigned char *address, const struct prefix *prefix)
{
	const size_t whole = prefix->bits / 8;
	const unsigned rest = prefix->bits % 8;

	if (memcmp(address, prefix->bytes, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ prefix->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_among(const unsigned char *address, const struct prefix *prefixes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (begins_with(address, &prefixes[i]))
			return true;
	}
	return false;
}

static enum address_scope scope4(const unsigned char *address)
{
	if (begins_with(address, &loopback4))
		return ADDRESS_LOOPBACK;
	return is_among(address, private4, sizeof(private4) / sizeof(private4[0])) ? ADDRESS_PRIVATE
										   : ADDRESS_PUBLIC;
}

/* What is looped back there is the gateway's own. */
static enum address_scope scope_behind_gateway(const unsigned char *address)
{
	return scope4(address) == ADDRESS_PUBLIC ? ADDRESS_PUBLIC : ADDRESS_PRIVATE;
}

static enum address_scope scope6(const unsigned char *address)
{
	if (memcmp(address, &in6addr_loopback, sizeof(in6addr_loopback)) == 0)
		return ADDRESS_LOOPBACK;
	if (begins_with(address, &mapped6))
		return scope4(address + 12);
	for (size_t i = 0; i < sizeof(translated6) / sizeof(translated6[0]); i++) {
		if (begins_with(address, &translated6[i].prefix))
			return scope_behind_gateway(address + translated6[i].at);
	}
	if (!begins_with(address, &assigned6) ||
	    is_among(address, private6, sizeof(private6) / sizeof(private6[0])))
		return ADDRESS_PRIVATE;
	return ADDRESS_PUBLIC;
}

enum address_scope address_scope(const struct sockaddr *address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	switch (address->sa_family) {
	case AF_INET:
		memcpy(&ipv4, address, sizeof(ipv4));
		return scope4((const unsigned char *)&ipv4.sin_addr);
	case AF_INET6:
		memcpy(&ipv6, address, sizeof(ipv6));
		return scope6(ipv6.sin6_addr.s6_addr);
	default:
		return ADDRESS_PRIVATE;
	}
}

static bool is_localhost(const char *name)
{
	static const char localhost[] = "localhost";
	const size_t len = strlen(name), tail = strlen(localhost);

	if (len < tail || strcasecmp(name + len - tail, localhost) != 0)
		return false;
	return len == tail || name[len - tail - 1] == '.';
}

/* inet_aton() takes what resolvers take: "127.1" is an address as well. */
static enum address_scope scope_of_name(const char *name)
{
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (is_localhost(name))
		return ADDRESS_LOOPBACK;
	if (inet_aton(name, &ipv4) != 0)
		return scope4((const unsigned char *)&ipv4);
	return inet_pton(AF_INET6, name, &ipv6) == 1 ? scope6(ipv6.s6_addr) : ADDRESS_PUBLIC;
}

enum address_scope address_scope_of_host(const char *host)
{
	const char *begin = host + (host[0] == '[');
	size_t len = strcspn(begin, "]%"); /* before a zone */
	enum address_scope scope;
	char *name;

	if (len > 0 && begin[len - 1] == '.')
		len--;
	name = xmemdup(begin, len);
	scope = scope_of_name(name);
	free(name);
	return scope;
}
