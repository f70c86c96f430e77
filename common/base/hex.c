#include "hex.h"

#include <sys/random.h>

#include "log.h"

void hex_write(char *out, const unsigned char *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 0xf];
	}
	*out = '\0';
}

void hex_random(char *out, size_t count)
{
	unsigned char bytes[HEX_RANDOM_MOST];

	if (getrandom(bytes, count, 0) != (ssize_t)count)
		fatal("getrandom");
	hex_write(out, bytes, count);
}
