/* Where an IP address can be reached: IANA's registries of special-purpose addresses (RFC 6890). */
#ifndef RESPOOL_ADDRESS_SCOPE_H
#define RESPOOL_ADDRESS_SCOPE_H

#include <sys/socket.h>

enum address_scope {
	ADDRESS_PUBLIC,   /* globally reachable */
	ADDRESS_LOOPBACK, /* 127.0.0.0/8, also mapped, and ::1 */
	/*
	 * Anything else: private, shared, link-local, documentation, benchmarking, multicast,
	 * reserved; and what is neither IPv4 nor IPv6. An IPv6 address that stands for an IPv4
	 * address that is not public (mapped, NAT64, 6to4) is not, either.
	 */
	ADDRESS_PRIVATE,
};

enum address_scope address_scope(const struct sockaddr *address);

/*
 * The scope of a URL's host if it says so itself: an address, in brackets if IPv6, or "localhost"
 * and what ends in ".localhost" (RFC 6761). Of any other name ADDRESS_PUBLIC: what it resolves to
 * is not known here.
 */
enum address_scope address_scope_of_host(const char *host);

#endif
