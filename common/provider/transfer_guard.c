#include "transfer_guard.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"

enum {
	LINE_COST = 64, /* bytes; libcurl keeps each line with something around it */
	/*
	 * Reads in a row that bring nothing: as many as a TLS record may come in, as many a second
	 * as anybody would send signs of life, and those that answer what is being sent.
	 */
	IDLE_TURNS = 1000,
	IDLE_TURNS_PER_SECOND = 10,
	SENT_BYTES_PER_TURN = 1024,
};

static const char other_coding[] = "it comes in a transfer coding other than chunked";

void transfer_guard_begin(struct transfer_guard *guard, struct transfer_times times)
{
	*guard = (struct transfer_guard){0};
	transfer_guard_restart(guard, times);
}

void transfer_guard_restart(struct transfer_guard *guard, struct transfer_times times)
{
	double now = monotonic_seconds();

	guard->times = times;
	guard->begun_at = now;
	guard->ends_at = now + times.whole;
	guard->last_byte = now;
}

void transfer_guard_note_event(struct transfer_guard *guard)
{
	guard->times.first_event = 0;
}

void transfer_guard_be_patient(struct transfer_guard *guard)
{
	guard->times.first_event = guard->times.silence = 0;
}

void transfer_guard_refuse(struct transfer_guard *guard, const char *format, ...)
{
	va_list args;

	if (guard->end != TRANSFER_GOES_ON)
		return;
	guard->end = TRANSFER_INVALID;
	va_start(args, format);
	vsnprintf(guard->error, sizeof(guard->error), format, args);
	va_end(args);
}

static void run_out(struct transfer_guard *guard, const char *what, double seconds)
{
	if (guard->end != TRANSFER_GOES_ON)
		return;
	guard->end = guard->brief ? TRANSFER_ENOUGH : TRANSFER_LATE;
	if (!guard->brief)
		snprintf(guard->error, sizeof(guard->error), "%s %g seconds", what, seconds);
}

static void check_whole_time(struct transfer_guard *guard, double now)
{
	if (now >= guard->ends_at)
		run_out(guard, "the answer was not whole after", guard->times.whole);
}

/* When what is waited for has to have come: the first event, or else any byte. */
static double due_at(const struct transfer_guard *guard)
{
	if (guard->times.first_event > 0)
		return guard->begun_at + guard->times.first_event;
	return guard->times.silence > 0 ? guard->last_byte + guard->times.silence : HUGE_VAL;
}

bool transfer_guard_waits_in_vain(const struct transfer_guard *guard)
{
	return monotonic_seconds() >= due_at(guard);
}

double transfer_guard_time_left(struct transfer_guard *guard)
{
	double now = monotonic_seconds();
	double due = due_at(guard);

	check_whole_time(guard, now);
	if (now >= due && guard->times.first_event > 0)
		run_out(guard, "no event came for", guard->times.first_event);
	else if (now >= due)
		run_out(guard, "no byte came for", guard->times.silence);
	return (guard->ends_at < due ? guard->ends_at : due) - now;
}

/* One call of libcurl can bring many pieces: no timer looks at the time meanwhile. */
static void note_bytes(struct transfer_guard *guard)
{
	guard->last_byte = monotonic_seconds();
	guard->turns = 0;
	check_whole_time(guard, guard->last_byte);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct span trim(struct span text)
{
	while (text.len != 0 && is_blank(text.p[0])) {
		text.p++;
		text.len--;
	}
	while (text.len != 0 && is_blank(text.p[text.len - 1]))
		text.len--;
	return text;
}

/* Takes the first member off a list with commas (RFC 9110 section 5.6.1). */
static struct span next_member(struct span *list)
{
	const char *comma = memchr(list->p, ',', list->len);
	struct span member = *list;

	if (comma != NULL)
		member.len = (size_t)(comma - list->p);
	list->p += member.len + (comma != NULL);
	list->len -= member.len + (comma != NULL);
	return trim(member);
}

/* Named twice it is still applied once: proxies do that, and libcurl takes it so. */
static bool is_chunked_alone(struct span codings)
{
	bool chunked = false;

	while (codings.len != 0) {
		struct span coding = next_member(&codings);

		if (coding.len == 0)
			continue;
		if (coding.len != 7 || strncasecmp(coding.p, "chunked", 7) != 0)
			return false;
		chunked = true;
	}
	return chunked;
}

/*
 * libcurl 7.88 decodes whatever coding it knows, though it has not asked for any: a few bytes can
 * be worth gigabytes. It has them decoded only after the head's last line.
 */
static bool names_other_coding(struct span line)
{
	static const char name[] = "transfer-encoding:";
	size_t len = sizeof(name) - 1;

	return line.len >= len && strncasecmp(line.p, name, len) == 0 &&
	       !is_chunked_alone((struct span){line.p + len, line.len - len});
}

/*
 * Of such a status libcurl 8.14 takes the first three digits: "HTTP/1.1 2000 OK" would be a
 * success.
 */
static bool has_long_status(struct span line)
{
	static const char name[] = "HTTP/";
	const char *p = memchr(line.p, ' ', line.len);
	const char *end = line.p + line.len;
	const char *digits;

	if (p == NULL || line.len < sizeof(name) - 1 ||
	    strncasecmp(line.p, name, sizeof(name) - 1) != 0 ||
	    memchr(line.p, ':', (size_t)(p - line.p)) != NULL)
		return false;
	while (p < end && *p == ' ')
		p++;
	for (digits = p; p < end && isdigit((unsigned char)*p);)
		p++;
	return p - digits > 3;
}

bool transfer_guard_header(struct transfer_guard *guard, struct span line)
{
	note_bytes(guard);
	guard->header_bytes += line.len + LINE_COST;
	if (guard->header_bytes > TRANSFER_HEADER_BYTES)
		transfer_guard_refuse(
		    guard, "its headers take more than %d bytes", (int)TRANSFER_HEADER_BYTES);
	else if (names_other_coding(line))
		transfer_guard_refuse(guard, "%s", other_coding);
	else if (has_long_status(line))
		transfer_guard_refuse(guard, "its status has more than three digits");
	return guard->end == TRANSFER_GOES_ON;
}

/* Later versions of libcurl look for codings by themselves. */
void transfer_guard_note_code(struct transfer_guard *guard, CURLcode code)
{
	if (code == CURLE_BAD_CONTENT_ENCODING)
		transfer_guard_refuse(guard, "%s", other_coding);
}

void transfer_guard_be_brief(struct transfer_guard *guard)
{
	double ends_at = guard->last_byte + TRANSFER_BRIEF_SECONDS;

	guard->brief = true;
	if (ends_at < guard->ends_at)
		guard->ends_at = ends_at;
}

bool transfer_guard_body(struct transfer_guard *guard, size_t len)
{
	note_bytes(guard);
	if (guard->brief) {
		guard->brief_bytes += len;
		if (guard->brief_bytes >= TRANSFER_BRIEF_BYTES && guard->end == TRANSFER_GOES_ON)
			guard->end = TRANSFER_ENOUGH;
	}
	return guard->end == TRANSFER_GOES_ON;
}

static double turns_allowed(const struct transfer_guard *guard, CURL *easy)
{
	double silence = monotonic_seconds() - guard->last_byte;
	curl_off_t sent = 0;

	curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return IDLE_TURNS + IDLE_TURNS_PER_SECOND * silence + (double)(sent / SENT_BYTES_PER_TURN);
}

bool transfer_guard_turn(struct transfer_guard *guard, CURL *easy)
{
	guard->turns++;
	if (guard->turns > IDLE_TURNS && (double)guard->turns > turns_allowed(guard, easy))
		transfer_guard_refuse(guard, "what comes has no part of an answer in it");
	return guard->end == TRANSFER_GOES_ON;
}
