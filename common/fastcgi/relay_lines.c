#include "relay_lines.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/log.h"

static bool make_pair(int *sender, int *receiver)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
		return false;
	*sender = ends[0];
	*receiver = ends[1];
	return true;
}

static size_t counters_size(const struct relay_lines *lines)
{
	return (size_t)lines->count * sizeof(lines->open[0]);
}

static bool map_counters(struct relay_lines *lines)
{
	void *memory = mmap(
	    NULL, counters_size(lines), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	lines->open = memory != MAP_FAILED ? memory : NULL;
	return lines->open != NULL;
}

bool relay_lines_open(struct relay_lines *lines, int count)
{
	bool ok;

	*lines = (struct relay_lines){.count = count, .to_responders = -1, .from_relays = -1};
	lines->lines = xcalloc((size_t)count, sizeof(lines->lines[0]));
	for (int i = 0; i < count; i++)
		lines->lines[i] = (struct relay_line){-1, -1};
	ok = map_counters(lines) && make_pair(&lines->to_responders, &lines->from_relays);
	for (int i = 0; ok && i < count; i++)
		ok = make_pair(&lines->lines[i].to_relay, &lines->lines[i].from_responders);
	if (ok)
		return true;
	log_warn("cannot make the lines to relays");
	relay_lines_close(lines);
	return false;
}

static void close_end(int *end)
{
	if (*end >= 0)
		close(*end);
	*end = -1;
}

void relay_lines_close(struct relay_lines *lines)
{
	for (int i = 0; i < lines->count; i++) {
		close_end(&lines->lines[i].to_relay);
		close_end(&lines->lines[i].from_responders);
	}
	close_end(&lines->to_responders);
	close_end(&lines->from_relays);
	free(lines->lines);
	if (lines->open != NULL)
		munmap((void *)lines->open, counters_size(lines));
	*lines = (struct relay_lines){0};
}

void relay_lines_be_relay(struct relay_lines *lines, int relay)
{
	for (int i = 0; i < lines->count; i++) {
		close_end(&lines->lines[i].to_relay);
		if (i != relay)
			close_end(&lines->lines[i].from_responders);
	}
	close_end(&lines->from_relays);
	lines->open[relay] = 0;
}

void relay_lines_be_responder(struct relay_lines *lines)
{
	for (int i = 0; i < lines->count; i++)
		close_end(&lines->lines[i].from_responders);
	close_end(&lines->to_responders);
}

int relay_lines_choose(struct relay_lines *lines)
{
	int first = lines->turn, best = first;

	lines->turn = (first + 1) % lines->count;
	for (int i = 1; i < lines->count; i++) {
		int relay = (first + i) % lines->count;

		if (lines->open[relay] < lines->open[best])
			best = relay;
	}
	return best;
}
