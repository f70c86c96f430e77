#include <stdio.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/hex.h"
#include "common/base/json.h"
#include "commands.h"

enum { SECRET_BYTES = 32, LONGEST_NAME = 200 };

#define KEY_PREFIX "sk-"

enum { KEY_SIZE = sizeof(KEY_PREFIX) + 2 * SECRET_BYTES };

static void make_key(char out[KEY_SIZE])
{
	memcpy(out, KEY_PREFIX, sizeof(KEY_PREFIX));
	hex_random(out + sizeof(KEY_PREFIX) - 1, SECRET_BYTES);
}

static bool is_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	return name[0] != '\0' && strlen(name) <= LONGEST_NAME;
}

static void print_lines(const char *name, const char *key, const char *hash)
{
	printf("key: %s\n"
	       "\n"
	       "It is shown this once. For the configuration:\n"
	       "\n"
	       "respool:\n"
	       "  api_keys:\n"
	       "    - name: %s\n"
	       "      key_hash: \"sha256:%s\"\n",
	    key, name, hash);
}

int key_run(struct ctl *ctl)
{
	const char *name = ctl->arguments->words[0];
	char key[KEY_SIZE], hash[DIGEST_SIZE];
	struct buf quoted = {0};

	if (!is_name(name)) {
		ctl_refuse("key: \"%.60s\", expected a name without control characters", name);
		return CTL_USAGE;
	}
	make_key(key);
	digest_hex(hash, span_of(key));
	json_quote(&quoted, span_of(name));
	if (ctl->arguments->json)
		printf("{\"name\": %s, \"key\": \"%s\", \"key_hash\": \"sha256:%s\"}\n",
		    buf_cstr(&quoted), key, hash);
	else
		print_lines(buf_cstr(&quoted), key, hash);
	buf_free(&quoted);
	return CTL_DONE;
}
