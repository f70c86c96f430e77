#include "redis_advice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "redis_reply.h"

enum { NEEDED_MAJOR = 6, NEEDED_MINOR = 2 }; /* BLMOVE */

static const double far_seconds = 0.005; /* for a round trip */

/* The text of INFO is made of lines "name:value\r\n". False if there is none of that name. */
static bool info_value(struct span info, const char *name, struct span *value)
{
	const char *line = info.p, *end = info.p + info.len;
	size_t len = strlen(name);

	while (line < end) {
		const char *next = memchr(line, '\n', (size_t)(end - line));

		next = next != NULL ? next : end;
		if ((size_t)(next - line) > len && memcmp(line, name, len) == 0 &&
		    line[len] == ':') {
			*value = (struct span){line + len + 1, (size_t)(next - line) - len - 1};
			if (value->len > 0 && value->p[value->len - 1] == '\r')
				value->len--;
			return true;
		}
		line = next + 1;
	}
	return false;
}

static void info_text(struct span info, const char *name, char *out, size_t size)
{
	struct span value;

	if (info_value(info, name, &value))
		snprintf(out, size, "%.*s", (int)value.len, value.p);
}

static long long info_number(struct span info, const char *name, long long otherwise)
{
	char digits[REDIS_NUMBER_SIZE] = "", *end;
	long long number;

	info_text(info, name, digits, sizeof(digits));
	number = strtoll(digits, &end, 10);
	return end != digits && *end == '\0' ? number : otherwise;
}

static void take_info(struct redis_facts *facts, const redisReply *answer)
{
	struct span info = reply_span(answer);

	if (info.len == 0)
		return;
	info_text(info, "redis_version", facts->version, sizeof(facts->version));
	info_text(
	    info, "maxmemory_policy", facts->maxmemory_policy, sizeof(facts->maxmemory_policy));
	facts->maxmemory = info_number(info, "maxmemory", facts->maxmemory);
	facts->append_only = (int)info_number(info, "aof_enabled", facts->append_only);
}

/* The answer is the setting's name and its value. */
static void take_save_points(struct redis_facts *facts, const redisReply *answer)
{
	if (answer->type == REDIS_REPLY_ARRAY && answer->elements == 2 &&
	    answer->element[1]->type == REDIS_REPLY_STRING)
		facts->save_points = answer->element[1]->len > 0;
}

static bool has_no_append_only_file(const struct redis_facts *facts)
{
	return facts->append_only == 0;
}

static const struct question {
	const char *words[3];
	void (*take)(struct redis_facts *facts, const redisReply *answer);
	/* Whether it has to be asked; NULL if it always has. Only the last ones may be left out. */
	bool (*matters)(const struct redis_facts *facts);
} questions[] = {
    {{"INFO", "server"}, take_info, NULL},
    {{"INFO", "memory"}, take_info, NULL},
    {{"INFO", "persistence"}, take_info, NULL},
    {{"PING"}, NULL, NULL},
    {{"PING"}, NULL, NULL},
    {{"PING"}, NULL, NULL},
    {{"PING"}, NULL, NULL},
    {{"PING"}, NULL, NULL},
    {{"CONFIG", "GET", "save"}, take_save_points, has_no_append_only_file},
};

enum { QUESTIONS = sizeof(questions) / sizeof(questions[0]) };

void redis_facts_init(struct redis_facts *facts)
{
	*facts = (struct redis_facts){
	    .maxmemory = -1, .append_only = -1, .save_points = -1, .round_trip = -1};
}

bool redis_facts_question(const struct redis_facts *facts, int number, struct redis_args *args)
{
	const struct question *question = &questions[number];

	if (number >= QUESTIONS || (question->matters != NULL && !question->matters(facts)))
		return false;
	for (size_t i = 0; i < 3 && question->words[i] != NULL; i++)
		redis_args_add(args, question->words[i]);
	return true;
}

void redis_facts_take(
    struct redis_facts *facts, int number, const redisReply *answer, double seconds)
{
	if (facts->round_trip < 0 || seconds < facts->round_trip)
		facts->round_trip = seconds;
	if (questions[number].take != NULL)
		questions[number].take(facts, answer);
}

static bool is_too_old(const struct redis_facts *facts, struct buf *text)
{
	int major, minor;

	if (sscanf(facts->version, "%d.%d", &major, &minor) != 2 || major > NEEDED_MAJOR ||
	    (major == NEEDED_MAJOR && minor >= NEEDED_MINOR))
		return false;
	buf_printf(text,
	    "Redis is of version %s and has no BLMOVE, which came with 6.2: no background response"
	    " is ever begun. Upgrade it to 6.2 or later, or to Valkey.",
	    facts->version);
	return true;
}

static bool evicts(const struct redis_facts *facts, struct buf *text)
{
	const char *policy = facts->maxmemory_policy;

	if (policy[0] == '\0' || strcmp(policy, "noeviction") == 0)
		return false;
	if (facts->maxmemory == 0)
		buf_printf(text,
		    "Redis would evict keys if its memory were limited (maxmemory-policy %s,"
		    " maxmemory 0): responses could disappear before their time.",
		    policy);
	else
		buf_printf(text,
		    "Redis evicts keys when its memory is full (maxmemory-policy %s): responses can"
		    " disappear before their time.",
		    policy);
	buf_puts(text, " Set maxmemory-policy noeviction.");
	return true;
}

static bool forgets(const struct redis_facts *facts, struct buf *text)
{
	if (facts->append_only != 0 || facts->save_points != 0)
		return false;
	buf_puts(text, "Redis keeps nothing on disk (appendonly no, and no save points): when it is"
		       " started again, all responses and the queue are lost. Set appendonly yes.");
	return true;
}

static bool is_far(const struct redis_facts *facts, struct buf *text)
{
	if (facts->round_trip <= far_seconds)
		return false;
	buf_printf(text,
	    "A round trip to Redis takes %.1f ms: each poll and each write waits for one at least,"
	    " and a responder answers nobody else meanwhile. Run respool near its Redis, or start"
	    " more responders.",
	    facts->round_trip * 1000);
	return true;
}

static const struct {
	const char *name;
	/* Whether there is something to be said; then it has been written. */
	bool (*found)(const struct redis_facts *facts, struct buf *text);
} findings[] = {
    {"version", is_too_old},
    {"eviction", evicts},
    {"persistence", forgets},
    {"round_trip", is_far},
};

void redis_finding_log(void *ctx, const char *name, const char *text)
{
	(void)ctx;
	(void)name;
	log_warnx("%s", text);
}

void redis_advise(const struct redis_facts *facts, redis_finding_fn *fn, void *ctx)
{
	struct buf text = {0};

	for (size_t i = 0; i < sizeof(findings) / sizeof(findings[0]); i++) {
		buf_clear(&text);
		if (findings[i].found(facts, &text))
			fn(ctx, findings[i].name, buf_cstr(&text));
	}
	buf_free(&text);
}
