#include "hand_over.h"

#include "answers.h"
#include "common/base/log.h"
#include "relay_access.h"

enum { BUSY_MS = 2000 }; /* that a relay may take to make room for one more */

void hand_over_answer_refused(struct handlers *handlers)
{
	struct api_error error;

	api_error_set(&error, 503, "server_error", NULL, "relay_unavailable",
	    "The process that gives answers which take long takes no more of them now. Please try "
	    "again.");
	answer_error(handlers, &error);
}

/* What the connection has for it. */
static void complete(struct handlers *handlers, struct handover *handover)
{
	struct fcgi_request *fcgi = handlers->fcgi;

	handover->fcgi_id = fcgi->parser.request_id;
	if (fcgi->keep && fcgi->parser.keeps_connection)
		handover->flags |= HANDOVER_KEEP;
	if (handlers->request.method == METHOD_HEAD)
		handover->flags |= HANDOVER_NO_BODY;
	fcgi_parser_skip_padding(&fcgi->parser, &fcgi->unread);
	if (!fcgi_parser_is_between_records(&fcgi->parser))
		handover->flags &= ~(unsigned)HANDOVER_KEEP;
	handover->unread = fcgi->unread;
	handover->request_id = handlers->reply.head.request_id;
	handover->tenant = handlers->tenant;
}

static bool send_over(struct handlers *handlers, const struct handover *handover)
{
	const struct relay_access *relays = handlers->relays;
	int relay = relay_lines_choose(relays->lines);
	enum handed handed;

	if (relays->ensure != NULL && !relays->ensure(relays->ctx, relay))
		return false;
	handed = handover_send(
	    relays->lines->lines[relay].to_relay, handover, handlers->fcgi->fd, BUSY_MS);
	if (handed == HANDED_FAILED)
		log_warn("a request cannot be handed over to a relay");
	if (handed != HANDED_OVER)
		return false;
	fcgi_request_close(handlers->fcgi);
	return true;
}

bool hand_over(struct handlers *handlers, struct handover *handover)
{
	/* What follows the request is then the web server's word that it is over. */
	if (!fcgi_request_discard_rest(handlers->fcgi))
		handlers->fcgi->keep = false;
	if (fcgi_request_aborted(handlers->fcgi))
		return true;
	complete(handlers, handover);
	return send_over(handlers, handover);
}
