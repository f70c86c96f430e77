#include "upstream_internal.h"

#include <stdio.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

static void write_address(char out[INET6_ADDRSTRLEN], const struct sockaddr *address)
{
	const void *bytes = address->sa_family == AF_INET6
				? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
				: (const void *)&((const struct sockaddr_in *)address)->sin_addr;

	if (inet_ntop(address->sa_family, bytes, out, INET6_ADDRSTRLEN) == NULL)
		snprintf(out, INET6_ADDRSTRLEN, "of another kind");
}

/* Of several addresses that a host has, the first one that is refused is told of. */
static void note_refusal(
    struct upstream_request *request, const struct sockaddr *address, const char *why)
{
	char text[INET6_ADDRSTRLEN];

	if (request->refused_address[0] != '\0')
		return;
	write_address(text, address);
	snprintf(request->refused_address, sizeof(request->refused_address),
	    "its host's address %s %s", text, why);
}

static bool may_connect(struct upstream_request *request, const struct sockaddr *address)
{
	const char *why = NULL;

	/* Cancelled from another's callback, it is about to go: its user has gone already. */
	if (request->state != RUNNING)
		return false;
	if (request->call.refuse_address != NULL)
		why = request->call.refuse_address(request->call.ctx, address);
	if (why != NULL)
		note_refusal(request, address, why);
	return why == NULL;
}

/* CURLOPT_OPENSOCKETFUNCTION */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose;
	if (!may_connect(ctx, &address->addr))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* CURLOPT_PREREQFUNCTION: a kept connection may be one that another request was allowed. */
static int check_connection(void *ctx, char *address, char *own_address, int port, int own_port)
{
	struct sockaddr_in ip4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6};
	const struct sockaddr *parsed = (const struct sockaddr *)&ip4;

	(void)own_address;
	(void)port;
	(void)own_port;
	if (inet_pton(AF_INET6, address, &ip6.sin6_addr) == 1)
		parsed = (const struct sockaddr *)&ip6;
	else if (inet_pton(AF_INET, address, &ip4.sin_addr) != 1)
		return CURL_PREREQFUNC_ABORT;
	return may_connect(ctx, parsed) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

bool upstream_limit_addresses(struct upstream_request *request)
{
	CURL *easy = request->easy;
	int bad = 0;

	request->limited = true;
	bad |= (int)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, request);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, check_connection);
	bad |= (int)curl_easy_setopt(easy, CURLOPT_PREREQDATA, request);
	/* The address would be the proxy's. */
	bad |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	return bad == 0;
}

void upstream_lift_address_limits(struct upstream_request *request)
{
	CURL *easy = request->easy;

	if (!request->limited)
		return;
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, NULL);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, NULL);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, NULL);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, NULL);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, NULL);
}

bool upstream_was_refused_address(const struct upstream_request *request, CURLcode code)
{
	return request->refused_address[0] != '\0' &&
	       (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK);
}
