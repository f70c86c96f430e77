#include "busy_slots.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/log.h"

/* A lock of the C library's would not be shared. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a process id must be exchanged without a lock");

struct busy_slots {
	size_t size; /* bytes that are mapped */
	int count;
	_Atomic pid_t holders[]; /* 0: free */
};

struct busy_slots *busy_slots_map(int children)
{
	size_t size = sizeof(struct busy_slots) + (size_t)children * sizeof(_Atomic pid_t);
	struct busy_slots *slots =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (slots == MAP_FAILED)
		fatal("cannot share %zu bytes of memory", size);
	slots->size = size;
	slots->count = children;
	return slots;
}

void busy_slots_unmap(struct busy_slots *slots)
{
	if (slots != NULL)
		munmap(slots, slots->size);
}

bool busy_slots_take(struct busy_slots *slots, int most)
{
	int count = most < slots->count ? most : slots->count;

	for (int i = 0; i < count; i++) {
		pid_t nobody = 0;

		if (atomic_compare_exchange_strong(&slots->holders[i], &nobody, getpid()))
			return true;
	}
	return false;
}

void busy_slots_release(struct busy_slots *slots, pid_t child)
{
	for (int i = 0; i < slots->count; i++) {
		pid_t holder = child;

		atomic_compare_exchange_strong(&slots->holders[i], &holder, 0);
	}
}

void busy_slots_give_back(struct busy_slots *slots)
{
	busy_slots_release(slots, getpid());
}
