/*
 * Looks at growing responses in Redis: is each text what the provider has sent, and how old is the
 * oldest text that is not there yet?
 *
 * A file has the ids, a line each. The provider stamps its deltas (provider -t), so each text
 * says of itself whether it is whole and when each part of it was sent. For a number of seconds
 * responses are read in turn. When all have ended, their texts tell when what was missing in each
 * sample had been sent. A sample that lacked nothing counts with an age of 0.
 */
#include <hiredis/hiredis.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ID_MAX = 64,
	STAMP_BYTES = 32, /* <SSSSS IIIIIII MMMMMMMMMMMMMMMM> */
	SERIALS = 100000,
	BATCH = 20, /* samples that are taken at once */
	BATCH_PAUSE_US = 20000,
	END_PAUSE_US = 50000,
};

struct sample {
	int response;
	int seen; /* deltas */
	long long taken_at;
	long long age;
};

struct watch {
	redisContext *redis;
	char (*ids)[ID_MAX];
	int count, wanted; /* responses; deltas of each */
	struct sample *samples;
	size_t sample_count, sample_cap;
	bool serials[SERIALS];
	int completed, wrong, doubtful; /* ended well; ended with another text; bad on the way */
};

struct stamp {
	long serial, index;
	long long sent_at;
};

static long long now_us(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

static _Noreturn void die(const char *why)
{
	fprintf(stderr, "text_age: %s\n", why);
	exit(1);
}

static const char *text_of(const char *object)
{
	static const char name[] = "\"text\":\"<";
	const char *found = strstr(object, name);

	return found != NULL ? found + sizeof(name) - 2 : NULL;
}

static bool read_digits(const char **p, int count, char end, long long *out)
{
	*out = 0;
	for (int i = 0; i < count; i++, ++*p) {
		if (**p < '0' || **p > '9')
			return false;
		*out = *out * 10 + (**p - '0');
	}
	return *(*p)++ == end;
}

static bool read_stamp(const char *p, struct stamp *stamp)
{
	long long serial, index;

	if (*p++ != '<' || !read_digits(&p, 5, ' ', &serial) || !read_digits(&p, 7, ' ', &index) ||
	    !read_digits(&p, 16, '>', &stamp->sent_at))
		return false;
	stamp->serial = (long)serial;
	stamp->index = (long)index;
	return true;
}

/* How many stamps of one stream follow each other from the first on; -1 if anything else does. */
static int count_stamps(const char *text, long *serial)
{
	long long last = 0;
	struct stamp stamp;
	int count = 0;

	if (text == NULL)
		return 0;
	for (; *text != '"'; text += STAMP_BYTES) {
		if (!read_stamp(text, &stamp) || stamp.index != count || stamp.sent_at < last ||
		    (count > 0 && stamp.serial != *serial))
			return -1;
		*serial = stamp.serial;
		last = stamp.sent_at;
		count++;
	}
	return count;
}

static void ask(struct watch *watch, int response)
{
	redisAppendCommand(watch->redis, "GET litellm:polling:response:%s", watch->ids[response]);
}

static redisReply *get_answer(struct watch *watch)
{
	void *reply;

	if (redisGetReply(watch->redis, &reply) != REDIS_OK)
		die(watch->redis->errstr);
	return reply;
}

static void add_sample(struct watch *watch, const struct sample *sample)
{
	if (watch->sample_count == watch->sample_cap) {
		watch->sample_cap = watch->sample_cap * 2 + 1024;
		watch->samples =
		    realloc(watch->samples, watch->sample_cap * sizeof(*watch->samples));
		if (watch->samples == NULL)
			die("out of memory");
	}
	watch->samples[watch->sample_count++] = *sample;
}

static void take_sample(struct watch *watch, int response)
{
	redisReply *reply = get_answer(watch);
	struct sample sample = {.response = response, .taken_at = now_us()};
	long serial = 0;

	if (reply->type == REDIS_REPLY_STRING)
		sample.seen = count_stamps(text_of(reply->str), &serial);
	if (sample.seen < 0)
		watch->doubtful++;
	else
		add_sample(watch, &sample);
	freeReplyObject(reply);
}

static void take_samples(struct watch *watch, double seconds)
{
	long long end = now_us() + (long long)(seconds * 1e6);
	int chosen[BATCH], i;

	while (now_us() < end) {
		for (i = 0; i < BATCH; i++) {
			chosen[i] = (int)(random() % watch->count);
			ask(watch, chosen[i]);
		}
		for (i = 0; i < BATCH; i++)
			take_sample(watch, chosen[i]);
		usleep(BATCH_PAUSE_US);
	}
}

/* When what a sample did not show had been sent is in the whole text. */
static void date_samples(struct watch *watch, int response, const char *text)
{
	struct sample *sample;
	struct stamp next;
	size_t i;

	for (i = 0; i < watch->sample_count; i++) {
		sample = &watch->samples[i];
		if (sample->response != response || sample->seen >= watch->wanted)
			continue;
		read_stamp(text + (size_t)sample->seen * STAMP_BYTES, &next);
		sample->age = sample->taken_at > next.sent_at ? sample->taken_at - next.sent_at : 0;
	}
}

/* No two responses may show the same stream. */
static bool is_whole(struct watch *watch, const char *text)
{
	long serial = 0;

	if (count_stamps(text, &serial) != watch->wanted || watch->serials[serial])
		return false;
	watch->serials[serial] = true;
	return true;
}

static bool is_under_way(const char *object)
{
	return strstr(object, "\"status\":\"queued\"") != NULL ||
	       strstr(object, "\"status\":\"in_progress\"") != NULL;
}

static void judge(struct watch *watch, int response, const char *object)
{
	const char *text = text_of(object);

	if (strstr(object, "\"status\":\"completed\"") == NULL || !is_whole(watch, text)) {
		watch->wrong++;
		return;
	}
	watch->completed++;
	date_samples(watch, response, text);
}

static void await_end(struct watch *watch, int response, long long deadline)
{
	redisReply *reply;

	for (;;) {
		ask(watch, response);
		reply = get_answer(watch);
		if (reply->type == REDIS_REPLY_STRING && is_under_way(reply->str) &&
		    now_us() < deadline) {
			freeReplyObject(reply);
			usleep(END_PAUSE_US);
			continue;
		}
		judge(watch, response, reply->type == REDIS_REPLY_STRING ? reply->str : "");
		freeReplyObject(reply);
		return;
	}
}

static int by_age(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return (x->age > y->age) - (x->age < y->age);
}

static void report(struct watch *watch)
{
	size_t n = watch->sample_count;
	struct sample *samples = watch->samples;

	printf("completed %d wrong %d doubtful %d samples %zu", watch->completed, watch->wrong,
	    watch->doubtful, n);
	if (n > 0) {
		qsort(samples, n, sizeof(*samples), by_age);
		printf(" p50_ms %.1f p99_ms %.1f max_ms %.1f", (double)samples[n / 2].age / 1e3,
		    (double)samples[n * 99 / 100].age / 1e3, (double)samples[n - 1].age / 1e3);
	}
	putchar('\n');
}

static void read_ids(struct watch *watch, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256];
	int cap = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || strlen(line) >= ID_MAX)
			continue;
		if (watch->count == cap) {
			cap = cap * 2 + 256;
			watch->ids = realloc(watch->ids, (size_t)cap * ID_MAX);
			if (watch->ids == NULL)
				die("out of memory");
		}
		strcpy(watch->ids[watch->count++], line);
	}
	if (watch->count == 0)
		die("no ids");
	fclose(file);
}

int main(int argc, char **argv)
{
	static struct watch watch;
	long long deadline;

	if (argc != 6) {
		fprintf(
		    stderr, "usage: text_age REDIS_SOCKET IDS DELTAS SAMPLE_SECONDS END_SECONDS\n");
		return 2;
	}
	watch.wanted = atoi(argv[3]);
	watch.redis = redisConnectUnix(argv[1]);
	if (watch.redis == NULL || watch.redis->err != 0)
		die("no Redis");
	read_ids(&watch, argv[2]);
	take_samples(&watch, atof(argv[4]));
	deadline = now_us() + (long long)(atof(argv[5]) * 1e6);
	for (int i = 0; i < watch.count; i++)
		await_end(&watch, i, deadline);
	report(&watch);
	return watch.wrong != 0 || watch.doubtful != 0;
}
