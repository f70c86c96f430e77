#include "beat_counts.h"

void beat_counts_send(struct beat_counts *counts, struct redis_args *args)
{
	if (!counts->unanswered) {
		counts_take(&counts->gathered, &counts->sent);
		use_sums_take(&counts->uses, &counts->sent);
	}
	counts->unanswered = true;
	redis_args_add_span(args, buf_span(&counts->sent));
	redis_args_add_number(args, counts->made_at);
}

void beat_counts_answered(struct beat_counts *counts, long long made_at)
{
	counts->unanswered = false;
	counts->made_at = made_at;
	buf_clear(&counts->sent);
}

bool beat_counts_has_more(const struct beat_counts *counts)
{
	return counts->gathered.len > 0 || counts->uses.len > 0;
}

void beat_counts_free(struct beat_counts *counts)
{
	counts_clear(&counts->gathered);
	use_sums_clear(&counts->uses);
	buf_free(&counts->sent);
	*counts = (struct beat_counts){0};
}
