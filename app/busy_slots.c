#include "busy_slots.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "../common/log.h"

enum {
	FIRST_BYTE = 1 << 30, /* far behind the file's end, where nobody else locks */
	ROUNDS = 6,
	LONGEST_PAUSE_NS = 200000, /* between two rounds */
};

static struct flock lock_of(int slot, short type)
{
	return (struct flock){
	    .l_type = type, .l_whence = SEEK_SET, .l_start = FIRST_BYTE + (off_t)slot, .l_len = 1};
}

void busy_slots_open(struct busy_slots *slots, const char *path)
{
	*slots = (struct busy_slots){.fd = open(path, O_RDONLY | O_CLOEXEC), .held = -1};
	if (slots->fd < 0)
		log_warn("%s: respool.max_passthrough cannot be kept", path);
}

void busy_slots_close(struct busy_slots *slots)
{
	if (slots->fd >= 0)
		close(slots->fd);
	*slots = (struct busy_slots){.fd = -1, .held = -1};
}

static void unlock(struct busy_slots *slots, int slot)
{
	struct flock lock = lock_of(slot, F_UNLCK);

	fcntl(slots->fd, F_SETLK, &lock);
}

/* Whether no other process has the slot. */
static bool is_free(struct busy_slots *slots, int slot)
{
	struct flock other = lock_of(slot, F_WRLCK);

	return fcntl(slots->fd, F_GETLK, &other) == 0 && other.l_type == F_UNLCK;
}

/*
 * The file is open for reading only, and so the lock can only be a shared one. Whoever finds that
 * it does share the byte steps back; two who do so at once may both step back.
 */
static bool lock_alone(struct busy_slots *slots, int slot)
{
	struct flock lock = lock_of(slot, F_RDLCK);

	if (!is_free(slots, slot) || fcntl(slots->fd, F_SETLK, &lock) != 0)
		return false;
	if (is_free(slots, slot))
		return true;
	unlock(slots, slot);
	return false;
}

/* Those who have met are not to meet again. */
static void pause_by_chance(void)
{
	struct timespec pause = {.tv_nsec = random() % LONGEST_PAUSE_NS};

	nanosleep(&pause, NULL);
}

/* From a place of its own on, so that those who come together rarely meet. */
static bool take_any(struct busy_slots *slots, int count)
{
	for (int i = 0; i < count; i++) {
		int slot = (int)((getpid() + i) % count);

		if (!lock_alone(slots, slot))
			continue;
		slots->held = slot;
		return true;
	}
	return false;
}

bool busy_slots_take(struct busy_slots *slots, int count)
{
	if (slots->fd < 0)
		return true;
	for (int round = 0; round < ROUNDS; round++) {
		if (round > 0)
			pause_by_chance();
		if (take_any(slots, count))
			return true;
	}
	return false;
}

void busy_slots_give_back(struct busy_slots *slots)
{
	if (slots->held >= 0)
		unlock(slots, slots->held);
	slots->held = -1;
}
