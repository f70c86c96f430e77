#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/digest.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "commands.h"

enum { SECRET_BYTES = 32, LONGEST_NAME = 200 };

#define KEY_PREFIX "sk-"

enum { KEY_SIZE = sizeof(KEY_PREFIX) + 2 * SECRET_BYTES };

static void make_key(char out[KEY_SIZE])
{
	unsigned char secret[SECRET_BYTES];
	size_t len = sizeof(KEY_PREFIX) - 1;

	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		fatal("getrandom");
	memcpy(out, KEY_PREFIX, sizeof(KEY_PREFIX));
	for (size_t i = 0; i < sizeof(secret); i++, len += 2)
		snprintf(out + len, 3, "%02x", secret[i]);
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
