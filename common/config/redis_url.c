#include "redis_url.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "config_section.h"
#include "redis_url_internal.h"

static const char wrong_form[] =
    "not a Redis URL, expected redis://[user:password@]host[:port][/db], the same with rediss://, "
    "or unix:///path[?db=n]";
static const char wrong_escape[] =
    "a % that begins no %XX of a printable character, expected %25 for a %";

struct span redis_url_before(struct span text, size_t len)
{
	return (struct span){text.p, len};
}

struct span redis_url_behind(struct span text, size_t len)
{
	return (struct span){text.p + len, text.len - len};
}

size_t redis_url_find(struct span text, char c)
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

const char *redis_url_decode(char **out, struct span text)
{
	struct buf decoded = {0};

	while (text.len > 0) {
		int byte = text.p[0] == '%' ? escaped_byte(text) : (unsigned char)text.p[0];

		if (byte < 0) {
			buf_free(&decoded);
			return wrong_escape;
		}
		buf_putc(&decoded, (char)byte);
		text = redis_url_behind(text, text.p[0] == '%' ? 3 : 1);
	}
	buf_cstr(&decoded);
	*out = decoded.data;
	return NULL;
}

static const char *decode_unless_empty(char **out, struct span text)
{
	return text.len != 0 ? redis_url_decode(out, text) : NULL;
}

bool redis_url_number(struct span text, long long min, long long max, int *out)
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
	size_t colon = redis_url_find(login, ':');
	const char *error = decode_unless_empty(&redis->username, redis_url_before(login, colon));

	if (error == NULL && colon < login.len)
		error = decode_unless_empty(&redis->password, redis_url_behind(login, colon + 1));
	return error;
}

/* Cuts the login off the front of the authority. Only its last '@' ends it. */
static const char *take_login(struct redis_config *redis, struct span *rest)
{
	struct span authority = redis_url_before(*rest, redis_url_find(*rest, '/'));
	size_t end = authority.len;

	while (end > 0 && authority.p[end - 1] != '@')
		end--;
	if (end == 0)
		return NULL;
	*rest = redis_url_behind(*rest, end);
	return parse_login(redis, redis_url_before(authority, end - 1));
}

/* Cuts the query off the end. */
static struct span take_query(struct span *rest)
{
	size_t mark = redis_url_find(*rest, '?');
	struct span query = redis_url_behind(*rest, mark < rest->len ? mark + 1 : mark);

	*rest = redis_url_before(*rest, mark);
	return query;
}

static const char *parse_host(struct redis_config *redis, struct span host)
{
	size_t end = redis_url_find(host, ':');
	struct span name = redis_url_before(host, end);

	if (host.len != 0 && host.p[0] == '[') {
		end = redis_url_find(host, ']');
		if (end == host.len)
			return wrong_form;
		name = redis_url_before(redis_url_behind(host, 1), end - 1);
		end++;
	}
	host = redis_url_behind(host, end);
	if (host.len != 0 && host.p[0] != ':')
		return wrong_form;
	if (host.len > 1 && !redis_url_number(redis_url_behind(host, 1), 1, 65535, &redis->port))
		return "not a port number, expected one from 1 to 65535";
	return decode_unless_empty(&redis->host, name);
}

/* The query's database wins, as in redis-py. */
static const char *parse_tcp(struct redis_config *redis, struct span rest)
{
	size_t slash = redis_url_find(rest, '/');
	const char *error = parse_host(redis, redis_url_before(rest, slash));
	int db;

	if (error != NULL || slash + 1 >= rest.len)
		return error;
	if (!redis_url_number(redis_url_behind(rest, slash + 1), 0, INT_MAX, &db))
		return REDIS_URL_WRONG_DB;
	if (redis->db < 0)
		redis->db = db;
	return NULL;
}

static const char *parse_unix(struct redis_config *redis, struct span rest)
{
	if (rest.len < 2 || rest.p[0] != '/')
		return wrong_form;
	return redis_url_decode(&redis->socket_path, rest);
}

static const char *parse_rest(struct redis_settings *settings, struct span rest, bool is_unix)
{
	struct redis_config *redis = &settings->redis;
	const char *error = take_login(redis, &rest);
	struct span query = take_query(&rest);

	settings->has_password = redis->password != NULL;
	if (error == NULL)
		error = redis_url_query(settings, query);
	if (error == NULL)
		error = is_unix ? parse_unix(redis, rest) : parse_tcp(redis, rest);
	if (error == NULL && !redis->tls.enabled && redis_settings_say_how(settings))
		error = "it says how to speak TLS, and to speak none, expected rediss://";
	return error;
}

const char *redis_url_parse(struct redis_settings *settings, const char *url)
{
	struct span rest = span_of(url);
	bool is_unix = span_skip(&rest, "unix://");
	bool is_tls = span_skip(&rest, "rediss://");
	const char *error;

	*settings = (struct redis_settings)REDIS_SETTINGS_INIT;
	if (!is_unix && !is_tls && !span_skip(&rest, "redis://"))
		return wrong_form;
	if (is_tls && !redis_tls_is_supported())
		return REDIS_TLS_UNSUPPORTED;
	settings->redis.tls.enabled = settings->has_ssl = is_tls;
	error = parse_rest(settings, rest, is_unix);
	if (error != NULL)
		redis_settings_clear(settings);
	return error;
}
