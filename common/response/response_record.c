#include "response_record.h"

#include <ctype.h>
#include <string.h>

#include "common/base/json.h"

enum { MOST_FACTS = 16 };

struct facts {
	struct log_field fields[MOST_FACTS];
	size_t count;
};

static void add_text(struct facts *facts, const char *name, const char *value)
{
	facts->fields[facts->count++] = LOG_TEXT(name, value);
}

static void add_number(struct facts *facts, const char *name, long long value)
{
	facts->fields[facts->count++] = LOG_NUMBER(name, value);
}

static void add_record(struct facts *facts, const struct response_record *record)
{
	add_text(facts, "id", record->id);
	add_text(facts, "tenant", record->tenant);
	add_text(facts, "model", record->model);
	add_text(facts, "deployment", record->deployment);
	add_text(facts, "status", record->status);
	add_number(facts, "attempts", record->attempts);
	add_number(facts, "queued_ms", record->queued_ms);
	add_number(facts, "first_event_ms", record->first_event_ms);
	add_number(facts, "total_ms", record->total_ms);
	add_number(facts, "input_tokens", record->input_tokens);
	add_number(facts, "output_tokens", record->output_tokens);
	add_text(facts, "error_code", record->error_code);
	add_text(facts, "request_id", record->request_id);
}

static bool is_word(struct span code)
{
	if (code.len == 0 || code.len >= ERROR_CODE_SIZE)
		return false;
	for (size_t i = 0; i < code.len; i++) {
		if (!isalnum((unsigned char)code.p[i]) && strchr("_.-", code.p[i]) == NULL)
			return false;
	}
	return true;
}

bool response_record_code(char out[ERROR_CODE_SIZE], struct span code)
{
	struct span word;

	if (json_type(code) != JSON_STRING)
		return false;
	word = json_inside(code);
	if (!is_word(word))
		return false;
	memcpy(out, word.p, word.len);
	out[word.len] = '\0';
	return true;
}

void log_response_ended(const struct response_record *record)
{
	struct facts facts = {.count = 0};

	add_record(&facts, record);
	log_event("response_ended", facts.fields, facts.count);
}

void log_request_passed(const struct response_record *record)
{
	struct facts facts = {.count = 0};

	add_record(&facts, record);
	add_number(&facts, "http_status", record->http_status);
	log_event("request_passed", facts.fields, facts.count);
}

void log_request_retried(
    const char *id, const char *deployment, const char *why, const char *request_id)
{
	const struct log_field fields[] = {
	    LOG_TEXT("id", id),
	    LOG_TEXT("deployment", deployment),
	    LOG_TEXT("why", why),
	    LOG_TEXT("request_id", request_id),
	};

	log_event("request_retried", fields, sizeof(fields) / sizeof(fields[0]));
}
