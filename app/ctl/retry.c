#include <stdio.h>

#include "common/base/json.h"
#include "commands.h"
#include "ids.h"

static const char *refusal_of(enum store_retried retried)
{
	switch (retried) {
	case RETRY_NOT_FAILED:
		return "it has not failed, and only what has is tried again";
	case RETRY_NOT_KEPT:
		return "what it was asked is not kept, or not any more: see failed_request_ttl";
	default:
		return "another program has made it";
	}
}

static const char *fullness_of(enum store_result result)
{
	return result == STORE_QUEUE_FULL ? "the queue is full: see max_queue"
					  : "the queue is full: see max_queue_bytes";
}

static void print_new(const struct ctl *ctl, const char *id, const char *new_id)
{
	if (ctl->arguments->json)
		printf("{\"id\": \"%s\", \"retry_of\": \"%s\"}\n", new_id, id);
	else
		puts(new_id);
}

static int retry_one(struct ctl *ctl, const char *word)
{
	char id[RESPONSE_ID_MAX + 1], new_id[RESPONSE_ID_SIZE];
	enum store_retried retried = RETRY_FOREIGN;
	enum store_result result = STORE_NOT_FOUND;
	struct buf object = {0};

	if (id_read(id, word))
		result = store_retry(ctl->store, ctl->config, id, new_id, &object, &retried);
	buf_free(&object);
	switch (result) {
	case STORE_OK:
		break;
	case STORE_QUEUE_FULL:
	case STORE_BYTES_FULL:
	case STORE_CONTEXTS_FULL:
		return ctl_refuse("%s: %s", id, fullness_of(result));
	default:
		return id_refuse(ctl, word, result);
	}
	if (retried != RETRY_DONE)
		return ctl_refuse("%s: %s", id, refusal_of(retried));
	print_new(ctl, id, new_id);
	return CTL_DONE;
}

int retry_run(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	int status = CTL_DONE;

	for (int i = 0; i < arguments->word_count; i++) {
		if (retry_one(ctl, arguments->words[i]) != CTL_DONE)
			status = CTL_REFUSED;
	}
	return status;
}
