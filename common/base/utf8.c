#include "utf8.h"

#include <string.h>

size_t utf8_fitting(const char *text, size_t most)
{
	size_t len = strnlen(text, most);

	while (len > 0 && utf8_is_continuation(text[len]))
		len--;
	return len;
}
