#include "usage_finder.h"

#include <string.h>

#include "common/base/json.h"
#include "usage.h"

/* With both quotes: within a string a backslash stands before the second. */
static const char name[] = "\"usage\"";

enum {
	NAME_LEN = sizeof(name) - 1,
	LONGEST = 8192,              /* bytes of an object that is read */
	BLOCK = 64,                  /* places that are looked at together */
	SEEN = BLOCK + NAME_LEN - 1, /* bytes for that */
};

void usage_finder_begin(struct usage_finder *finder)
{
	*finder = (struct usage_finder){.input = -1, .output = -1};
}

void usage_finder_close(struct usage_finder *finder)
{
	buf_free(&finder->object);
	usage_finder_begin(finder);
}

static long long number_of(struct span object, const char *here, const char *in_chat)
{
	long long number;

	if (!json_integer(json_get(object, here), &number) &&
	    !json_integer(json_get(object, in_chat), &number))
		return -1;
	return usage_tokens(number);
}

static void read_object(struct usage_finder *finder)
{
	struct span object = buf_span(&finder->object);
	long long input, output;

	if (!json_check(object, JSON_ACCEPT_BAD_UTF8, NULL, NULL))
		return;
	input = number_of(object, "input_tokens", "prompt_tokens");
	output = number_of(object, "output_tokens", "completion_tokens");
	if (input < 0 && output < 0)
		return;
	finder->input = input;
	finder->output = output;
}

/* What comes next is looked through for another one. */
static void look_on(struct usage_finder *finder)
{
	finder->expected = USAGE_NAME;
	finder->matched = 0;
	buf_free(&finder->object);
}

/* How many bytes at the end may be the beginning of the name. */
static int begun_at_end(struct span bytes)
{
	int most = bytes.len < NAME_LEN ? (int)bytes.len : NAME_LEN - 1;

	for (int len = most; len > 0; len--) {
		const char *begun = bytes.p + bytes.len - len;

		if (*begun == name[0] && memcmp(begun, name, (size_t)len) == 0)
			return len;
	}
	return 0;
}

static void advance(struct span *bytes, size_t len)
{
	bytes->p += len;
	bytes->len -= len;
}

/*
 * Whether the name may begin in a block; what it goes on in follows. Without a branch, compilers
 * make a few instructions of it.
 */
static bool may_be_in(const char *block)
{
	unsigned char found = 0;

	for (int i = 0; i < BLOCK; i++)
		found |= (unsigned char)((block[i] == name[0]) & (block[i + 1] == name[1]) &
					 (block[i + NAME_LEN - 1] == name[NAME_LEN - 1]));
	return found != 0;
}

static const char *find_in_block(const char *block)
{
	return may_be_in(block) ? memmem(block, SEEN, name, NAME_LEN) : NULL;
}

static const char *find_name(struct span bytes)
{
	const char *last = bytes.p + bytes.len - SEEN;
	const char *found = NULL;

	if (bytes.len < SEEN)
		return memmem(bytes.p, bytes.len, name, NAME_LEN);
	for (const char *block = bytes.p; block < last && found == NULL; block += BLOCK)
		found = find_in_block(block);
	/* It overlaps the one before it. */
	return found != NULL ? found : find_in_block(last);
}

static void take_name(struct usage_finder *finder, struct span *bytes)
{
	const char *found;

	while (finder->matched > 0 && finder->matched < NAME_LEN && bytes->len > 0) {
		if (bytes->p[0] != name[finder->matched]) {
			finder->matched = 0;
			break;
		}
		finder->matched++;
		advance(bytes, 1);
	}
	if (finder->matched == NAME_LEN) {
		finder->expected = USAGE_COLON;
		return;
	}
	if (bytes->len == 0)
		return;
	found = find_name(*bytes);
	if (found != NULL) {
		finder->expected = USAGE_COLON;
		advance(bytes, (size_t)(found - bytes->p) + NAME_LEN);
		return;
	}
	finder->matched = begun_at_end(*bytes);
	advance(bytes, bytes->len);
}

/* Whether that comes next, behind blanks. If something else does, it is another one's name. */
static bool comes_next(struct usage_finder *finder, struct span *bytes, char c)
{
	while (bytes->len > 0 && json_is_blank((unsigned char)bytes->p[0]))
		advance(bytes, 1);
	if (bytes->len == 0)
		return false;
	if (bytes->p[0] != c)
		look_on(finder);
	return bytes->p[0] == c;
}

static void take_colon(struct usage_finder *finder, struct span *bytes)
{
	if (!comes_next(finder, bytes, ':'))
		return;
	finder->expected = USAGE_BRACE;
	advance(bytes, 1);
}

static void take_brace(struct usage_finder *finder, struct span *bytes)
{
	if (!comes_next(finder, bytes, '{'))
		return;
	finder->expected = USAGE_OBJECT;
	finder->depth = 0;
	finder->in_string = finder->escaped = false;
}

static void note_in_string(struct usage_finder *finder, char c)
{
	if (finder->escaped)
		finder->escaped = false;
	else if (c == '\\')
		finder->escaped = true;
	else if (c == '"')
		finder->in_string = false;
}

/* Whether the object ends with this character. */
static bool ends_with(struct usage_finder *finder, char c)
{
	if (finder->in_string) {
		note_in_string(finder, c);
		return false;
	}
	if (c == '"')
		finder->in_string = true;
	else if (c == '{')
		finder->depth++;
	else if (c == '}')
		finder->depth--;
	return finder->depth == 0;
}

static void take_object(struct usage_finder *finder, struct span *bytes)
{
	bool ended = false;
	size_t len = 0;

	while (len < bytes->len && !ended)
		ended = ends_with(finder, bytes->p[len++]);
	buf_append(&finder->object, bytes->p, len);
	advance(bytes, len);
	if (ended)
		read_object(finder);
	if (ended || finder->object.len > LONGEST)
		look_on(finder);
}

void usage_finder_feed(struct usage_finder *finder, struct span bytes)
{
	static void (*const take[])(struct usage_finder * finder, struct span * bytes) = {
	    [USAGE_NAME] = take_name,
	    [USAGE_COLON] = take_colon,
	    [USAGE_BRACE] = take_brace,
	    [USAGE_OBJECT] = take_object,
	};

	while (bytes.len > 0)
		take[finder->expected](finder, &bytes);
}
