#include "passage_internal.h"

#include <stdio.h>

#include "common/base/log.h"
#include "common/provider/refusal.h"
#include "common/provider/request_body.h"

void passage_open_translated(struct passage *passage)
{
	struct errand *errand = &passage->errand;
	struct translated *translated = &passage->translated;
	bool streams = passage_has_flag(passage, HANDOVER_STREAMS);

	translated_close(translated);
	translated->answer = &passage->answer;
	translated->config = passage_config(passage);
	translated->secrets = &errand->secrets;
	translated->streams = streams;
	translated->continued_id = passage->request.continued_id;
	if (!translated_open(translated, errand->choice.deployment, errand->choice.model,
		passage->request.body)) {
		errand->accept = passage->request.accept;
		errand->query = passage->request.query;
		errand->streams = streams;
		return;
	}
	/* The provider streams in any case, and a query was meant for another API. */
	errand->accept = "text/event-stream";
	errand->query = "";
	errand->streams = true;
	if (passage->without_thinking)
		translation_leave_out_thinking(translated->translation);
}

/* The client's request, with what the deployment has requests say by default. */
static struct span request_of(const struct passage *passage, struct buf *filled)
{
	const struct attempts *choice = &passage->errand.choice;

	if (choice->deployment->default_count == 0 || !passage->translated.is_readable)
		return passage->request.body;
	request_body_for(filled, passage->request.body, choice->deployment, choice->model);
	return buf_span(filled);
}

const char *passage_write_translated(struct passage *passage, struct buf *out)
{
	struct buf filled = {0};
	const char *fault = translated_write_body(
	    &passage->translated, out, request_of(passage, &filled), passage->request.request_id);

	buf_free(&filled);
	if (fault == NULL)
		request_body_add_extra(out, passage->errand.choice.deployment);
	return fault;
}

/* The client gets what the answer has been given, and its end. */
static void end_whole(struct passage *passage)
{
	passage->success = true;
	passage->outcome = OUTCOME_WHOLE;
	passage_conclude(passage);
}

static void end_with_error(struct passage *passage)
{
	if (!translated_has_error_head(&passage->translated))
		passage_reset_answer(passage);
	passage_record_provider_error(&passage->record, translated_error(&passage->translated));
	translated_send_error(&passage->translated);
	passage->success = false;
	passage->outcome = OUTCOME_WHOLE;
	passage_conclude(passage);
}

static void end_broken(struct passage *passage, enum upstream_end by, const char *error)
{
	passage->outcome = OUTCOME_BROKEN;
	passage->broken_by = by;
	snprintf(passage->error, sizeof(passage->error), "%s", error);
	passage_conclude(passage);
}

static bool try_again(
    struct passage *passage, enum call_failure failure, double retry_after, const char *why)
{
	if (passage->answer.begun || !errand_try_again(&passage->errand, failure, retry_after, why))
		return false;
	/* The next deployment may take what this one did not. */
	passage->without_thinking = false;
	return true;
}

/* What the provider has signed itself it may not take back: once that is left out. */
static bool ask_without_thinking(struct passage *passage)
{
	const struct translated *translated = &passage->translated;

	if (passage->without_thinking || !translation_is_about_thinking(translated->translation,
					     translated->status, buf_span(&translated->body)))
		return false;
	passage->without_thinking = true;
	errand_ask_again(&passage->errand,
	    "the provider does not take its own thinking back; asking without it");
	return true;
}

static void end_by_error(struct passage *passage, double retry_after)
{
	long status = translated_error_status(&passage->translated);

	if (ask_without_thinking(passage))
		return;
	retry_after = refusal_retry_after(retry_after, translated_error(&passage->translated));
	if (!translated_has_error_head(&passage->translated))
		errand_note_outcome(&passage->errand, CALL_REFUSED);
	errand_tell_limit(
	    &passage->errand, status, retry_after, translated_error(&passage->translated));
	passage_tell_health(passage, status);
	if (!try_again(passage,
		errand_failure(
		    &passage->errand, status, retry_after, translated_error(&passage->translated)),
		retry_after, "the provider reported an error"))
		end_with_error(passage);
}

/* What it has said so far, and why it went no further, is better than nothing. */
static void end_failed(struct passage *passage)
{
	long status = translated_error_status(&passage->translated);

	errand_note_outcome(
	    &passage->errand, passage->translated.failed ? CALL_INVALID : CALL_REFUSED);
	passage_tell_health(passage, status);
	if (try_again(passage,
		errand_failure(
		    &passage->errand, status, -1, translated_error(&passage->translated)),
		-1, "the provider reported an error"))
		return;
	translated_finish(&passage->translated);
	end_whole(passage);
}

static void end_by_truncation(struct passage *passage, const struct upstream_result *result)
{
	bool is_late = result->end == UPSTREAM_TIMEOUT || result->end == UPSTREAM_INVALID;
	bool has_ended = result->end == UPSTREAM_COMPLETE || result->end == UPSTREAM_UNFRAMED;
	enum upstream_end end = has_ended ? UPSTREAM_DISCONNECTED : result->end;
	const char *why = has_ended ? "" : result->error;
	struct api_error error;

	if (has_ended)
		errand_note_outcome(&passage->errand, CALL_DISCONNECTED);
	passage_tell_health(passage, 0);
	if (try_again(passage, is_late ? FAILURE_DEPLOYMENT : FAILURE_PASSING, result->retry_after,
		result->error))
		return;
	passage_describe_failure(&error, end, why);
	if (translated_give_up(&passage->translated, error.code, error.message))
		end_whole(passage);
	else
		end_broken(passage, end, why);
}

/* Neither what is due nor an error: as good as no answer. */
static void end_without_answer(struct passage *passage)
{
	errand_note_outcome(&passage->errand, CALL_INVALID);
	passage_tell_health(passage, 0);
	if (!try_again(passage, FAILURE_PASSING, -1, "the provider's answer is none"))
		end_broken(passage, UPSTREAM_INVALID,
		    "it is neither a stream of events nor an object of its API");
}

static void end_answer(struct passage *passage, const struct upstream_result *result, bool whole)
{
	switch (translated_end(&passage->translated, whole)) {
	case TRANSLATED_WHOLE:
		errand_note_outcome(
		    &passage->errand, passage->translated.failed ? CALL_INVALID : CALL_SUCCESS);
		passage_tell_health(passage, passage->translated.status);
		end_whole(passage);
		break;
	case TRANSLATED_ERROR:
		end_by_error(passage, result->retry_after);
		break;
	case TRANSLATED_FAILED:
		end_failed(passage);
		break;
	case TRANSLATED_TRUNCATED:
		end_by_truncation(passage, result);
		break;
	case TRANSLATED_NO_ANSWER:
		end_without_answer(passage);
		break;
	}
}

bool passage_on_translated_body(struct passage *passage, struct span bytes)
{
	const struct upstream_result said_all = {UPSTREAM_COMPLETE, 200, -1, ""};

	if (!translated_on_body(&passage->translated, bytes) || passage->over)
		return false;
	if (passage->translated.eventful)
		errand_note_event(&passage->errand);
	if (!passage_may_make(passage, translated_held(&passage->translated)))
		translated_overflow(&passage->translated);
	if (!translated_is_over(&passage->translated))
		return true;
	/* Whatever becomes of the connection now. */
	errand_detach(&passage->errand);
	end_answer(passage, &said_all, true);
	return true;
}

/* It could not even be asked: the request cannot be put in its dialect, say. */
static void end_unasked(struct passage *passage, const char *error)
{
	const struct api_error *refusal = translation_refusal(passage->translated.translation);

	if (try_again(passage, FAILURE_DEPLOYMENT, -1, error))
		return;
	passage->outcome = OUTCOME_WHOLE;
	if (refusal->status != 0)
		passage_send_error(passage, refusal);
	else
		end_broken(passage, UPSTREAM_NOT_ASKED, error);
}

void passage_on_translated_end(struct passage *passage, const struct upstream_result *result)
{
	bool whole = result->end == UPSTREAM_COMPLETE || result->end == UPSTREAM_UNFRAMED;

	if (result->end == UPSTREAM_NOT_ASKED)
		end_unasked(passage, result->error);
	else if (result->end == UPSTREAM_NOT_REACHED || passage->translated.status == 0)
		end_by_truncation(passage, result);
	else
		end_answer(passage, result, whole);
}

bool passage_break_off_translated(struct passage *passage)
{
	if (passage->translated.translation == NULL ||
	    !translated_give_up(&passage->translated, "shutting_down",
		"The server is stopping before the provider has answered."))
		return false;
	end_whole(passage);
	return true;
}
