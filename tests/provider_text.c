#include "provider.h"

#include "common/base/json.h"

enum { EXCERPT_MAX = 60 };

static const char story[] =
    "What you read arrives word by word, each word as an event of its own, the way a real provider "
    "sends it. The supervisor folds the events into one Response object and writes to Redis only "
    "what is new, several times a second. Every poll reads that object as it stands, so the text "
    "grows while you watch. When the last word has come, the status turns to completed. ";

static const char alphabet[] = "The quick brown fox jumps over the lazy dog 0123456789. ";

static size_t word_end(struct span text, size_t from)
{
	while (from < text.len && text.p[from] == ' ')
		from++;
	while (from < text.len && text.p[from] != ' ')
		from++;
	return from;
}

long text_count_words(struct span text)
{
	long words = 0;
	size_t pos;

	for (pos = 0; pos < text.len; pos = word_end(text, pos))
		words++;
	return words;
}

/* Appends what a client sent so that it can stand in any string: printable ASCII without quotes. */
static void append_excerpt(struct buf *out, struct span text)
{
	size_t i;

	for (i = 0; i < text.len && i < EXCERPT_MAX; i++) {
		char c = text.p[i];

		buf_putc(out, c >= ' ' && c <= '~' && c != '"' && c != '\\' ? c : '?');
	}
	if (i < text.len)
		buf_puts(out, "…");
}

static void append_introduction(struct buf *out, struct span model, struct span input)
{
	struct buf decoded = {0};

	buf_puts(out, "This is the stand-in provider, and no model was asked. You wanted “");
	json_decode(model, &decoded);
	append_excerpt(out, buf_span(&decoded));
	buf_clear(&decoded);
	if (json_decode(input, &decoded)) {
		buf_puts(out, "” to answer “");
		append_excerpt(out, buf_span(&decoded));
		buf_puts(out, "”. ");
	} else {
		buf_printf(out, "” to answer an input of %zu bytes. ", input.len);
	}
	buf_free(&decoded);
}

/* The introduction and the story: once, or cut or repeated to a number of words. */
void text_write_words(struct buf *out, long words, struct span model, struct span input)
{
	size_t end = 0;
	long i;

	append_introduction(out, model, input);
	buf_puts(out, story);
	if (words == 0)
		end = out->len - 1;
	for (i = 0; i < words; i++) {
		if (end + sizeof(story) / 2 > out->len)
			buf_puts(out, story);
		end = word_end(buf_span(out), end);
	}
	out->len = end;
}

void text_write_pattern(struct buf *out, size_t size)
{
	while (out->len + sizeof(alphabet) - 1 < size)
		buf_puts(out, alphabet);
	buf_append(out, alphabet, size - out->len);
}

/* Says when it is sent, and of which stream the how manyth it is. STAMP_BYTES long. */
void text_append_stamp(struct buf *out, unsigned long serial, long index, long long time)
{
	buf_printf(out, "<%05lu %07ld %016lld>", serial % 100000, index % 10000000, time);
}

struct span text_next_delta(const struct options *options, struct span text, size_t said)
{
	size_t end = said + (size_t)options->delta_bytes;

	if (options->delta_bytes == 0)
		end = word_end(text, said);
	return (struct span){text.p + said, end - said};
}
