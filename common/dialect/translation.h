/*
 * A request to a deployment that speaks another dialect than the Responses API, and the answer to
 * it: one translation for each call.
 *
 *	translation_new -> translation_write_request -> translation_open -> events… ->
 *translation_end
 */
#ifndef RESPOOL_TRANSLATION_H
#define RESPOOL_TRANSLATION_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/config/config.h"
#include "common/response/api_error.h"
#include "common/response/fold.h"
#include "common/response/usage.h"
#include "reader.h"

struct translation;

/*
 * NULL if the deployment speaks the Responses API for the model: nothing is to be translated.
 * deployment and model outlive it.
 */
struct translation *translation_new(const struct deployment *deployment, const char *model);
/* NULL is allowed. */
void translation_free(struct translation *translation);

/*
 * Thinking that the provider has signed earlier is not sent back, and it is not to think: for one
 * that does not take what it signed itself.
 */
void translation_leave_out_thinking(struct translation *translation);
/* Whether an error of the provider's, its HTTP status and body, says that it is for that reason. */
bool translation_is_about_thinking(
    const struct translation *translation, long status, struct span body);

/*
 * Appends the request in the deployment's dialect: request_write(). False if it cannot be said;
 * translation_refusal() says why then.
 */
bool translation_write_request(struct translation *translation, struct buf *out, struct span body);
const struct api_error *translation_refusal(const struct translation *translation);
/* The names of what was left out, joined by ", "; empty if nothing was. */
struct span translation_left_out(const struct translation *translation);
/* Says so in the log, if anything was; name is the request's. */
void translation_log_left_out(const struct translation *translation, const char *name);

/*
 * The answer begins. It is folded into fold; on_event and on_begin are the builder's (builder.h),
 * and may be NULL. fold outlives the translation.
 */
void translation_open(struct translation *translation, struct fold *fold,
    void (*on_event)(void *ctx, const struct response_event *event), void (*on_begin)(void *ctx),
    void *ctx);
/* The data of an event of the provider's stream. */
void translation_event(struct translation *translation, struct span data);
/* An answer that is no stream. False if it is no JSON object: nothing is done then. */
bool translation_object(struct translation *translation, struct span body);
/* Bytes of the answer that wait to get into the object: for who bounds what is held. */
size_t translation_waiting(const struct translation *translation);
/*
 * What an answer has taken: as its object tells it, or else what its provider has counted so far,
 * as in the object that stands only once the answer has ended. translation is NULL if there is
 * none.
 */
struct usage translation_usage(const struct translation *translation, const struct fold *fold);
/*
 * Whether the provider has said all, by an event: "[DONE]", if its API ends so, or one of its own.
 * Nothing that follows is of interest.
 */
bool translation_is_over(const struct translation *translation);
/* The answer fails for a reason of the caller's: {"code","message"}, as builder_fail() takes it. */
void translation_fail(struct translation *translation, struct span error);
/*
 * The provider's answer has ended; whole: as an object does. Of repeated calls only the first that
 * does not find it truncated does something; the others return the same.
 */
enum reader_end translation_end(struct translation *translation, bool whole);

#endif
