/*
 * What must hold for the events that a background response is told by, whatever its provider has
 * sent: numbers and indexes follow each other, ids are used once, what grows was announced, and
 * what has begun ends once.
 */
#ifndef RESPOOL_TOLD_RULES_H
#define RESPOOL_TOLD_RULES_H

#include <stdbool.h>

#include "common/base/buf.h"

struct rules_item;

/* Zeroed it awaits the first event. */
struct told_rules {
	long long number; /* of the next event */
	struct rules_item **items;
	size_t count;
	size_t replaced; /* values that ended otherwise than by what had come of them */
	bool begun;
};

/* Takes the text of the next event. NULL, or the rule that it breaks. */
const char *told_rules_take(struct told_rules *rules, struct span event);
/* The stream ends but for its terminal event. */
const char *told_rules_end(const struct told_rules *rules);
void told_rules_close(struct told_rules *rules);

/* The raw JSON of an item's last state; empty if there is no such item, or it has not ended. */
struct span told_rules_item(const struct told_rules *rules, size_t index);

#endif
