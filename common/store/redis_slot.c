#include "redis_slot.h"

#include <stdint.h>
#include <string.h>

/* CRC-16/XMODEM, whose remainder the specification takes. */
static uint16_t crc16(struct span text)
{
	uint16_t crc = 0;

	for (size_t i = 0; i < text.len; i++) {
		crc ^= (uint16_t)((unsigned char)text.p[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
	}
	return crc;
}

static const char *find(const char *from, const char *end, char c)
{
	return from < end ? memchr(from, c, (size_t)(end - from)) : NULL;
}

int redis_slot(struct span key)
{
	const char *end = key.p + key.len;
	const char *open = find(key.p, end, '{');
	const char *close = open != NULL ? find(open + 1, end, '}') : NULL;

	if (close != NULL && close > open + 1)
		key = (struct span){open + 1, (size_t)(close - open - 1)};
	return crc16(key) % REDIS_SLOTS;
}
