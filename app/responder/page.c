#include "page.h"

#include <string.h>

#include "app/responder/page_html.h"
#include "common/base/hex.h"

enum { NONCE_BYTES = 16, NONCE_SIZE = 2 * NONCE_BYTES + 1 };

static const char placeholder[] = "@NONCE@";

static void write_page(struct buf *out, const char *nonce)
{
	const char *text = page_html, *place;

	buf_clear(out);
	while ((place = strstr(text, placeholder)) != NULL) {
		buf_append(out, text, (size_t)(place - text));
		buf_puts(out, nonce);
		text = place + sizeof(placeholder) - 1;
	}
	buf_puts(out, text);
}

static void add_policy(struct reply *reply, const char *nonce)
{
	struct buf policy = {0};

	buf_printf(&policy,
	    "default-src 'none'; script-src 'nonce-%s'; style-src 'nonce-%s'; "
	    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
	    "frame-ancestors 'none'",
	    nonce, nonce);
	reply_header(reply, "Content-Security-Policy", buf_cstr(&policy));
	buf_free(&policy);
}

void page_handle(struct handlers *handlers)
{
	struct reply *reply = &handlers->reply;
	char nonce[NONCE_SIZE];

	hex_random(nonce, NONCE_BYTES);
	write_page(&handlers->object, nonce);
	add_policy(reply, nonce);
	reply_header(reply, "Referrer-Policy", "no-referrer");
	reply_header(reply, "Cross-Origin-Opener-Policy", "same-origin");
	reply_header(reply, "Cross-Origin-Resource-Policy", "same-origin");
	reply_body(reply, 200, "text/html; charset=utf-8", buf_span(&handlers->object));
}

void page_moved_handle(struct handlers *handlers)
{
	/* Relative: what the application is mounted at is not known here. */
	reply_header(&handlers->reply, "Location", "respool/");
	reply_body(&handlers->reply, 308, "text/plain; charset=utf-8", SPAN("respool/\n"));
}
