/*
 * The answer of a deployment that speaks another dialect than the Responses API, on its way to a
 * client: a stream of events that are made of it, or one object when it is whole.
 */
#ifndef RESPOOL_TRANSLATED_H
#define RESPOOL_TRANSLATED_H

#include <stdbool.h>

#include <curl/curl.h>

#include "answer.h"
#include "common/base/buf.h"
#include "common/base/sse.h"
#include "common/config/config.h"
#include "common/dialect/translation.h"
#include "common/provider/secret.h"
#include "common/response/fold.h"

/* How it has ended, or may have. */
enum translated_end {
	TRANSLATED_WHOLE,  /* the client has it all, or will have with translated_finish() */
	TRANSLATED_ERROR,  /* the provider reported an error before it said anything */
	TRANSLATED_FAILED, /* it failed after it had said something, and the client has nothing */
	TRANSLATED_TRUNCATED, /* it broke off, and the client has nothing */
	TRANSLATED_NO_ANSWER, /* the provider answered with something else */
};

/* A zeroed one may be closed. Cannot be moved. */
struct translated {
	/* Set before translated_open(). */
	struct answer *answer;
	const struct config *config;
	const struct secrets *secrets;
	bool streams;             /* to the client */
	const char *continued_id; /* handover.continued_id */

	/* The rest is translated.c's. translation is NULL while there is nothing to translate. */
	struct translation *translation;
	bool is_readable; /* the request: else it is not asked, and fold is not open */
	struct fold fold;
	struct sse_parser sse;
	enum { BODY_OF_EVENTS, BODY_OF_OBJECT, BODY_OF_ERROR } kind;
	long status;      /* of the provider's answer */
	struct buf body;  /* of an object or an error, and the beginning of events */
	struct buf text;  /* scratch */
	long long number; /* of the next event */
	double sent_at;   /* of the monotonic clock: when the client was given something last */
	bool eventful;    /* an event of the provider's has come, and not only signs of life */
	bool over;        /* the provider has said all, or its answer cannot be taken */
	bool failed;      /* it cannot be taken, or broke off: not the provider says so */
};

/*
 * Begins one for a deployment that speaks another dialect; request is the client's, with what it
 * continues. False if there is nothing to translate.
 */
bool translated_open(struct translated *translated, const struct deployment *deployment,
    const char *model, struct span request);
void translated_close(struct translated *translated);

/* NULL, or why the deployment cannot be asked (errand.h). */
const char *translated_write_body(
    struct translated *translated, struct buf *out, struct span request, const char *request_id);

/* What comes in. False from the second if the client is lost. */
void translated_on_head(struct translated *translated, CURL *easy, long status);
bool translated_on_body(struct translated *translated, struct span bytes);
/* Bytes that it holds of the answer. */
size_t translated_held(const struct translated *translated);
/* It cannot hold more: the answer is over, and the response has failed. */
void translated_overflow(struct translated *translated);
/* The provider has said all: its call need not be waited for. */
bool translated_is_over(const struct translated *translated);

/*
 * The call has ended, or is not waited for any longer; whole: as its framing says it should. What
 * the client has to be told beside the end of its answer has been given to the answer.
 */
enum translated_end translated_end(struct translated *translated, bool whole);
/* For FAILED where no other try is left: the client gets the object of the failed response. */
void translated_finish(struct translated *translated);
/*
 * For one that will not be whole: the response fails, for that reason, and the client is told so.
 * False if it has nothing yet, and is to get an error instead.
 */
bool translated_give_up(struct translated *translated, const char *code, const char *message);

/* The HTTP status that the error stands for. */
long translated_error_status(const struct translated *translated);
/* The error, in whatever form the provider has it. */
struct span translated_error(const struct translated *translated);
/*
 * Gives it to the answer, as the whole of it: one that nothing was given before, but for the head
 * where translated_has_error_head().
 */
void translated_send_error(struct translated *translated);
/* Whether the provider's answer was an error by its status: the answer has its head. */
bool translated_has_error_head(const struct translated *translated);

#endif
