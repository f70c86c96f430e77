#include "encrypted_content.h"

#include <string.h>

#include "common/base/json.h"

static const char name[] = "encrypted_content";

bool encrypted_content_may_be_in(struct span text)
{
	return text.len > 0 && memmem(text.p, text.len, name, sizeof(name) - 1) != NULL;
}

struct span encrypted_content_of(struct span item)
{
	struct span content;

	if (json_type(item) != JSON_OBJECT)
		return (struct span){0};
	content = json_get(item, name);
	return json_is_text(content) ? content : (struct span){0};
}

void encrypted_content_each(
    struct span items, void (*fn)(void *ctx, struct span content), void *ctx)
{
	struct json_scan scan = json_open(items, JSON_ACCEPT_BAD_UTF8);
	struct span item, content;

	if (json_type(items) != JSON_ARRAY)
		return;
	while (json_element(&scan, &item)) {
		content = encrypted_content_of(item);
		if (content.len != 0)
			fn(ctx, content);
	}
}

void encrypted_content_hash(char out[ENCRYPTED_HASH_SIZE], const char *tenant, struct span content)
{
	struct buf text = {0};

	json_decode(content, &text);
	digest_for(out, tenant, buf_span(&text));
	buf_free(&text);
}

bool encrypted_hash_is_new(struct span hashes, const char hash[ENCRYPTED_HASH_SIZE])
{
	for (size_t at = 0; at < hashes.len; at += ENCRYPTED_HASH_SIZE) {
		if (memcmp(hashes.p + at, hash, ENCRYPTED_HASH_SIZE) == 0)
			return false;
	}
	return hashes.len < ENCRYPTED_MOST * ENCRYPTED_HASH_SIZE;
}
