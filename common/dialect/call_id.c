#include "call_id.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/sha.h>

enum { LONGEST = 64, NINE = 9 };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static bool has_only(struct span id, const char *further)
{
	for (size_t i = 0; i < id.len; i++) {
		if (id.p[i] == '\0' ||
		    (strchr(letters, id.p[i]) == NULL && strchr(further, id.p[i]) == NULL))
			return false;
	}
	return true;
}

static bool has_form(struct span id, enum call_id_form form)
{
	if (form == CALL_ID_NINE)
		return id.len == NINE && has_only(id, "");
	return id.len > 0 && id.len <= LONGEST && (form == CALL_ID_SHORT || has_only(id, "_-"));
}

void call_id_write(struct buf *out, enum call_id_form form, struct span id)
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	size_t count = form == CALL_ID_NINE ? NINE : 24;

	if (has_form(id, form)) {
		buf_append_span(out, id);
		return;
	}
	SHA256((const unsigned char *)(id.len > 0 ? id.p : ""), id.len, hash);
	if (form != CALL_ID_NINE)
		buf_puts(out, "call_");
	for (size_t i = 0; i < count; i++)
		buf_putc(out, letters[hash[i] % (sizeof(letters) - 1)]);
}
