#include "redis_url.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "config_section.h"

static const char wrong_form[] =
    "not a Redis URL, expected redis://[user:password@]host[:port][/db] or unix:///path[?db=n]";
static const char wrong_escape[] =
    "a % that begins no %XX of a printable character, expected %25 for a %";
static const char wrong_db[] = "not a database number, expected one of 0 or more";
static const char wrong_query[] = "unknown parameters behind the ?, expected db=n or nothing";

static struct span before(struct span text, size_t len)
{
	return (struct span){text.p, len};
}

static struct span behind(struct span text, size_t len)
{
	return (struct span){text.p + len, text.len - len};
}

/* The offset of c, or the length if it is not there. */
static size_t find(struct span text, char c)
{
	const char *p = text.len != 0 ? memchr(text.p, c, text.len) : NULL;

	return p != NULL ? (size_t)(p - text.p) : text.len;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *p = c != '\0' ? strchr(digits, c) : NULL;

	return p != NULL ? (int)(p - digits) % 16 : -1;
}

/* The byte that text, which begins with '%', stands for, or -1 if none that may be used. */
static int escaped_byte(struct span text)
{
	int high, low, byte;

	if (text.len < 3)
		return -1;
	high = hex_digit(text.p[1]);
	low = hex_digit(text.p[2]);
	byte = high * 16 + low;
	return high < 0 || low < 0 || byte < 0x20 || byte == 0x7f ? -1 : byte;
}

static const char *decode(char **out, struct span text)
{
	struct buf decoded = {0};

	while (text.len > 0) {
		int byte = text.p[0] == '%' ? escaped_byte(text) : (unsigned char)text.p[0];

		if (byte < 0) {
			buf_free(&decoded);
			return wrong_escape;
		}
		buf_putc(&decoded, (char)byte);
		text = behind(text, text.p[0] == '%' ? 3 : 1);
	}
	buf_cstr(&decoded);
	*out = decoded.data;
	return NULL;
}

static const char *decode_unless_empty(char **out, struct span text)
{
	return text.len != 0 ? decode(out, text) : NULL;
}

static bool number(struct span text, long long min, long long max, int *out)
{
	char *copy = xmemdup(text.p, text.len);
	long long value;
	bool ok = config_integer(copy, min, max, &value);

	if (ok)
		*out = (int)value;
	free(copy);
	return ok;
}

/* user, :password or user:password */
static const char *parse_login(struct redis_config *redis, struct span login)
{
	size_t colon = find(login, ':');
	const char *error = decode_unless_empty(&redis->username, before(login, colon));

	if (error == NULL && colon < login.len)
		error = decode_unless_empty(&redis->password, behind(login, colon + 1));
	return error;
}

/* Cuts the login off the front of the authority. Only its last '@' ends it. */
static const char *take_login(struct redis_config *redis, struct span *rest)
{
	struct span authority = before(*rest, find(*rest, '/'));
	size_t end = authority.len;

	while (end > 0 && authority.p[end - 1] != '@')
		end--;
	if (end == 0)
		return NULL;
	*rest = behind(*rest, end);
	return parse_login(redis, before(authority, end - 1));
}

static const char *take_query(struct redis_config *redis, struct span *rest)
{
	size_t mark = find(*rest, '?');
	struct span query;

	if (mark == rest->len)
		return NULL;
	query = behind(*rest, mark + 1);
	*rest = before(*rest, mark);
	if (query.len == 0)
		return NULL;
	if (query.len < 3 || memcmp(query.p, "db=", 3) != 0)
		return wrong_query;
	return number(behind(query, 3), 0, INT_MAX, &redis->db) ? NULL : wrong_db;
}

static const char *parse_host(struct redis_config *redis, struct span host)
{
	size_t end = find(host, ':');
	struct span name = before(host, end);

	if (host.len != 0 && host.p[0] == '[') {
		end = find(host, ']');
		if (end == host.len)
			return wrong_form;
		name = before(behind(host, 1), end - 1);
		end++;
	}
	host = behind(host, end);
	if (host.len != 0 && host.p[0] != ':')
		return wrong_form;
	if (host.len > 1 && !number(behind(host, 1), 1, 65535, &redis->port))
		return "not a port number, expected one from 1 to 65535";
	return decode_unless_empty(&redis->host, name);
}

static const char *parse_tcp(struct redis_config *redis, struct span rest)
{
	size_t slash = find(rest, '/');
	const char *error = parse_host(redis, before(rest, slash));

	if (error != NULL || slash + 1 >= rest.len)
		return error;
	return number(behind(rest, slash + 1), 0, INT_MAX, &redis->db) ? NULL : wrong_db;
}

static const char *parse_unix(struct redis_config *redis, struct span rest)
{
	if (rest.len < 2 || rest.p[0] != '/')
		return wrong_form;
	return decode(&redis->socket_path, rest);
}

static bool take_prefix(struct span *text, const char *prefix)
{
	size_t len = strlen(prefix);

	if (text->len < len || memcmp(text->p, prefix, len) != 0)
		return false;
	*text = behind(*text, len);
	return true;
}

const char *redis_url_parse(struct redis_config *redis, const char *url)
{
	struct span rest = span_of(url);
	bool is_unix = take_prefix(&rest, "unix://");
	const char *error;

	*redis = (struct redis_config){.db = -1};
	if (take_prefix(&rest, "rediss://"))
		return REDIS_TLS_UNSUPPORTED;
	if (!is_unix && !take_prefix(&rest, "redis://"))
		return wrong_form;
	error = take_login(redis, &rest);
	if (error == NULL)
		error = take_query(redis, &rest);
	if (error == NULL)
		error = is_unix ? parse_unix(redis, rest) : parse_tcp(redis, rest);
	if (error != NULL)
		redis_config_clear(redis);
	return error;
}
