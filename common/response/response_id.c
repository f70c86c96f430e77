#include "response_id.h"

#include <string.h>

#include <sys/random.h>

#include <uuid/uuid.h>

#include "common/base/log.h"

static const size_t prefix_len = sizeof(RESPONSE_ID_PREFIX) - 1;

/* RFC 9562 section 5.4. That of libuuid seeds random(3) each time, which takes longest of all. */
static void random_uuid(uuid_t uuid)
{
	if (getrandom(uuid, sizeof(uuid_t), 0) != sizeof(uuid_t))
		fatal("getrandom");
	uuid[6] = (unsigned char)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (unsigned char)((uuid[8] & 0x3f) | 0x80);
}

void response_id_generate(char out[RESPONSE_ID_SIZE])
{
	uuid_t uuid = {0};

	random_uuid(uuid);
	memcpy(out, RESPONSE_ID_PREFIX, prefix_len);
	uuid_unparse_lower(uuid, out + prefix_len);
}

void response_id_generate_unkept(char out[RESPONSE_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	const size_t begin = sizeof(RESPONSE_UNKEPT_PREFIX) - 1;
	unsigned char random[RESPONSE_ID_LEN - (sizeof(RESPONSE_UNKEPT_PREFIX) - 1)];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		fatal("getrandom");
	memcpy(out, RESPONSE_UNKEPT_PREFIX, begin);
	for (size_t i = 0; i < sizeof(random); i++)
		out[begin + i] = digits[random[i] & 0xf];
	out[RESPONSE_ID_LEN] = '\0';
}

bool response_id_is_unkept(const char *id)
{
	return strncmp(id, RESPONSE_UNKEPT_PREFIX, sizeof(RESPONSE_UNKEPT_PREFIX) - 1) == 0;
}

bool response_id_is_polling(const char *id)
{
	return strncmp(id, RESPONSE_ID_PREFIX, prefix_len) == 0;
}

bool response_id_valid(const char *id)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t suffix_len;

	if (!response_id_is_polling(id))
		return false;
	suffix_len = strspn(id + prefix_len, allowed);
	return suffix_len > 0 && id[prefix_len + suffix_len] == '\0' &&
	       prefix_len + suffix_len <= RESPONSE_ID_MAX;
}

bool response_id_copy(char out[RESPONSE_ID_MAX + 1], struct span id)
{
	if (id.len == 0 || id.len > RESPONSE_ID_MAX || memchr(id.p, '\0', id.len) != NULL)
		return false;
	memcpy(out, id.p, id.len);
	out[id.len] = '\0';
	return response_id_valid(out);
}
