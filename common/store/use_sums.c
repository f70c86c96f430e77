#include "use_sums.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "common/base/alloc.h"
#include "counts.h"

struct use_sum {
	XXH64_hash_t hash; /* of whose */
	struct buf whose;  /* tenant and label */
	long long requests, failed, cancelled;
	struct use use;
};

static struct use_sum *append(struct use_sums *sums, XXH64_hash_t hash, struct buf *whose)
{
	if (sums->len == sums->cap) {
		sums->cap = sums->cap != 0 ? 2 * sums->cap : 16;
		sums->all = xrealloc(sums->all, sums->cap * sizeof(*sums->all));
	}
	sums->all[sums->len] = (struct use_sum){.hash = hash, .whose = *whose};
	*whose = (struct buf){0};
	return &sums->all[sums->len++];
}

static struct use_sum *find(const struct use_sums *sums, XXH64_hash_t hash, struct span whose)
{
	for (size_t i = 0; i < sums->len; i++) {
		if (sums->all[i].hash == hash && span_eq(buf_span(&sums->all[i].whose), whose))
			return &sums->all[i];
	}
	return NULL;
}

void use_sums_add(struct use_sums *sums, struct span tenant, struct span label,
    const struct settlement *settlement)
{
	struct buf whose = {0};
	struct use_sum *sum;
	XXH64_hash_t hash;

	counts_write_label(&whose, tenant);
	buf_putc(&whose, COUNTS_SEPARATOR);
	counts_write_label(&whose, label);
	hash = XXH3_64bits(whose.data, whose.len);
	sum = find(sums, hash, buf_span(&whose));
	if (sum == NULL)
		sum = append(sums, hash, &whose);
	sum->requests++;
	sum->failed += settlement->failed;
	sum->cancelled += settlement->cancelled;
	sum->use.input += settlement->use.input;
	sum->use.output += settlement->use.output;
	sum->use.cost += settlement->use.cost;
	buf_free(&whose);
}

void use_sums_take(struct use_sums *sums, struct buf *out)
{
	for (size_t i = 0; i < sums->len; i++) {
		const struct use_sum *sum = &sums->all[i];

		buf_append_span(out, buf_span(&sum->whose));
		buf_printf(out, "\t%lld %lld %lld ", sum->requests, sum->failed, sum->cancelled);
		use_write(out, &sum->use);
		buf_putc(out, '\n');
	}
	use_sums_clear(sums);
}

void use_sums_clear(struct use_sums *sums)
{
	for (size_t i = 0; i < sums->len; i++)
		buf_free(&sums->all[i].whose);
	free(sums->all);
	*sums = (struct use_sums){0};
}
