/* What a key may ask for: the limits of respool.api_keys and of respool.api_key_defaults. */
#ifndef RESPOOL_KEY_LIMITS_H
#define RESPOOL_KEY_LIMITS_H

enum { UNLIMITED = -1 };

/* Of the numbers each may be UNLIMITED. */
struct key_limits {
	long rpm;            /* creates and passed-through requests a minute */
	long tpm;            /* tokens a minute, of input and of output */
	long max_parallel;   /* running at once, in background and passed through */
	long max_queue;      /* waiting at once */
	double weight;       /* share of the workers while others wait; 1 if it is not given */
	double max_budget;   /* of what the tokens cost, in the currency that the costs are in */
	long budget_seconds; /* after which it begins anew; 0: never */
};

#define KEY_LIMITS_NONE                                                                            \
	{                                                                                          \
		.rpm = UNLIMITED, .tpm = UNLIMITED, .max_parallel = UNLIMITED,                     \
		.max_queue = UNLIMITED, .weight = 1, .max_budget = UNLIMITED                       \
	}

#endif
