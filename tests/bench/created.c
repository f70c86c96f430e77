#include "created.h"

#include <string.h>

const char *const create_body =
    "{\"model\":\"m\",\"background\":true,\"input\":\"Say something about spools.\"}";

size_t created_take(char *p, size_t size, size_t count, void *ctx)
{
	struct created *created = ctx;
	size_t len = size * count;

	if (created->len + len >= CREATED_MAX)
		return 0;
	memcpy(created->text + created->len, p, len);
	created->len += len;
	created->text[created->len] = '\0';
	return len;
}

struct span created_id(const struct created *created)
{
	static const char name[] = "\"id\":\"";
	const char *id = strstr(created->text, name);

	if (id == NULL)
		return (struct span){0};
	id += sizeof(name) - 1;
	return (struct span){id, strcspn(id, "\"")};
}
