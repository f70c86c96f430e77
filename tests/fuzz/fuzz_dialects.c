/*
 * Whatever request is taken, what a provider of another dialect gets is valid JSON that names no
 * member twice, or the error says why not.
 *
 * Build:  tests/fuzz/run.sh
 *
 * Input: a byte that says which dialect it is and whether members may be dropped, three for the
 * deployment's quirks, and the request's body.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/dialect/request.h"
#include "common/response/create_request.h"

enum { MESSAGES = 1, DROPS = 2, FLAGS = 4, MOST_MEMBERS = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_members(struct span body)
{
	struct json_scan scan = json_open(body, 0);
	struct span names[MOST_MEMBERS], name, value;
	size_t count = 0;

	while (json_member(&scan, &name, &value)) {
		for (size_t i = 0; i < count; i++)
			require(!span_eq(names[i], name));
		if (count < MOST_MEMBERS)
			names[count++] = name;
	}
}

static void write(struct request_writer *writer, struct span body)
{
	struct buf out = {0};
	bool written = writer->dialect == DIALECT_MESSAGES
			   ? messages_request_write(&out, writer, body)
			   : chat_request_write(&out, writer, body);

	require(written || writer->error.status == 400);
	if (written) {
		require(json_check(buf_span(&out), 0, NULL, NULL));
		check_members(buf_span(&out));
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char id[] = "0123456789abcdef", name[] = "m", provider[] = "openai_like";
	struct create_request request;
	struct api_error error;
	struct deployment deployment = {
	    .id = id, .model_name = name, .model = name, .provider = provider, .max_tokens = 4096};
	struct request_writer writer = {.deployment = &deployment, .model = name};
	struct span body;

	if (size < FLAGS)
		return 0;
	body = (struct span){(const char *)data + FLAGS, size - FLAGS};
	if (!create_request_parse(&request, body, &error))
		return 0;
	deployment.drop_params = (data[0] & DROPS) != 0;
	deployment.quirks_given = ~0u;
	deployment.quirks_set =
	    (unsigned)data[1] | (unsigned)data[2] << 8 | (unsigned)data[3] << 16;
	writer.dialect = (data[0] & MESSAGES) != 0 ? DIALECT_MESSAGES : DIALECT_CHAT;
	write(&writer, body);
	request_writer_free(&writer);
	create_request_free(&request);
	return 0;
}
