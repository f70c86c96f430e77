#include "descriptors.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

unsigned long long descriptors_allow(unsigned long long wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return wanted;
	if (limit.rlim_cur < wanted && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return limit.rlim_cur;
}

/* The least of those needed that is at least from; INT_MAX if there is none. */
static int next_needed(const int *needed, int count, int from)
{
	int next = INT_MAX;

	for (int i = 0; i < count; i++) {
		if (needed[i] >= from && needed[i] < next)
			next = needed[i];
	}
	return next;
}

static void open_null(int descriptor)
{
	int null = open("/dev/null", O_RDWR);

	if (null >= 0 && null != descriptor) {
		dup2(null, descriptor);
		close(null);
	}
}

void descriptors_close_but(const int *needed, int count)
{
	int from = STDERR_FILENO + 1;

	while (from < INT_MAX) {
		int next = next_needed(needed, count, from);

		if (next > from)
			close_range((unsigned)from, (unsigned)next - 1, 0);
		from = next < INT_MAX ? next + 1 : INT_MAX;
	}
	open_null(STDIN_FILENO);
	open_null(STDOUT_FILENO);
}
