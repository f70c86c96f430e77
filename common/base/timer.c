#include "timer.h"

#include "clock.h"

void timer_set(struct event *timer, long long ms)
{
	struct timeval delay = timeval_of_ms(ms);

	evtimer_add(timer, &delay);
}
