#include "stream_internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "common/provider/maker.h"
#include "common/response/encrypted_content.h"

void stream_open_makers(struct stream *s, const struct claimed_job *job)
{
	s->tenant = xmemdup(job->tenant.p, job->tenant.len);
}

void stream_close_makers(struct stream *s)
{
	free(s->tenant);
	buf_free(&s->noted);
}

/*
 * Where there is no choice, nothing can be sent to anybody else. What is translated is sealed here,
 * and says itself who made it.
 */
static bool is_of_interest(const struct stream *s)
{
	const struct attempts *choice = &s->errand.choice;

	return s->translation == NULL && choice->deployment != NULL &&
	       (choice->own != NULL || maker_matters(s->config, s->model));
}

static void note(void *ctx, struct span content)
{
	struct stream *s = ctx;
	const struct attempts *choice = &s->errand.choice;
	char hash[ENCRYPTED_HASH_SIZE];

	encrypted_content_hash(hash, s->tenant, content);
	if (encrypted_hash_is_new(buf_span(&s->noted), hash) &&
	    jobs_note_maker(
		s->host->jobs, hash, choice->deployment->id, choice->model, s->config->native_ttl))
		buf_append(&s->noted, hash, sizeof(hash));
}

void stream_note_maker(struct stream *s)
{
	const struct item *item = s->fold.changed;
	struct span text, content;

	if (item == NULL || !item->done || !is_of_interest(s))
		return;
	text = document_value(&s->fold.doc, &item->node);
	if (!encrypted_content_may_be_in(text))
		return;
	content = encrypted_content_of(text);
	if (content.len != 0)
		note(s, content);
}

void stream_note_makers(struct stream *s)
{
	struct span text = buf_span(&s->fold.doc.text);

	if (is_of_interest(s) && encrypted_content_may_be_in(text))
		encrypted_content_each(json_get(text, "output"), note, s);
}

void stream_note_makers_again(struct stream *s)
{
	buf_clear(&s->noted);
	stream_note_makers(s);
}
