/*
 * What the log tells of a passage when it has ended: noted on the way, so that nothing of it costs
 * anything with each event.
 */
#ifndef RESPOOL_PASSAGE_RECORD_H
#define RESPOOL_PASSAGE_RECORD_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/response/api_error.h"
#include "common/response/response_record.h"

struct passage;

struct passage_record {
	long long began_ms; /* of the monotonic clock */
	long long first_ms; /* likewise: of the answer's first byte; 0 before */
	int calls;
	const struct deployment *deployment; /* that was called last, or NULL */
	int http_status;                     /* of an error of ours; 0 if there is none */
	char error_code[ERROR_CODE_SIZE];    /* "" if there is none */
	bool client_left;                    /* before it had the whole answer */
	long long input_tokens, output_tokens;
};

void passage_record_begin(struct passage_record *record);
void passage_record_call(struct passage_record *record, const struct deployment *deployment);
/* Some of the answer has come; may be repeated. */
void passage_record_first(struct passage_record *record);
/* The client is told that error. */
void passage_record_error(struct passage_record *record, const struct api_error *error);
/*
 * What a provider's error, JSON or anything else, has as its code, if that is a word: no content is
 * to get into the log by it.
 */
void passage_record_provider_error(struct passage_record *record, struct span body);

/* What has become of it, as far as it is known: "completed", "failed", "cancelled", … */
const char *passage_status(const struct passage *passage);
/* Writes the line. */
void passage_record_write(struct passage *passage);

#endif
