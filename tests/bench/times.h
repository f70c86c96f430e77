/* Times that were measured, and the one in their middle. */
#ifndef BENCH_TIMES_H
#define BENCH_TIMES_H

#include <stddef.h>

/* Zeroed it has none. us is the caller's to free. */
struct times {
	double *us;
	size_t count, cap;
};

/* Ends the program if there is no memory. */
void times_add(struct times *times, double us);
/* Sorts them. There has to be one at least. */
double times_median(struct times *times);

#endif
