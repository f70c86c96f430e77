#include "webhooks_retry.h"

#include <stdio.h>

#include "common/store/delivery_line.h"
#include "ids.h"

#define OFF "the endpoint is off: it has answered 410, and stays so until its configuration changes"

static enum store_result redeliver(
    struct ctl *ctl, const struct store_redelivery *which, struct store_redelivered *sum)
{
	struct store_redelivered done;
	enum store_result result =
	    store_redeliver(ctl->store, &ctl->config->webhooks, which, &done);

	sum->found += done.found;
	sum->begun += done.begun;
	return result;
}

static bool read_id(char out[RESPONSE_ID_MAX + 1], const char *word)
{
	return delivery_id_copy(out, span_of(word)) || id_read(out, word);
}

/* False if Redis cannot be asked. *status is what the program ends with, unless all is well. */
static bool retry_word(
    struct ctl *ctl, const char *word, struct store_redelivered *sum, int *status)
{
	const struct store_redelivered before = *sum;
	char id[RESPONSE_ID_MAX + 1];

	if (read_id(id, word) &&
	    redeliver(ctl, &(struct store_redelivery){.id = id}, sum) != STORE_OK) {
		*status = ctl_unavailable(ctl);
		return false;
	}
	if (sum->found == before.found)
		*status =
		    ctl_refuse("%s: nothing of that id waits to be delivered, or is dead", word);
	else if (sum->begun - before.begun < sum->found - before.found)
		*status = ctl_refuse("%s: " OFF, word);
	return true;
}

static void print_sum(const struct ctl *ctl, const struct store_redelivered *sum)
{
	if (ctl->arguments->json)
		printf("{\"found\": %lld, \"begun\": %lld}\n", sum->found, sum->begun);
	else
		printf("%lld sent again\n", sum->begun);
}

static int retry_words(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	struct store_redelivered sum = {0};
	int status = CTL_DONE;

	for (int i = 1; i < arguments->word_count; i++) {
		if (!retry_word(ctl, arguments->words[i], &sum, &status))
			return status;
	}
	print_sum(ctl, &sum);
	return status;
}

static int retry_since(struct ctl *ctl)
{
	const struct store_redelivery which = {.since_s = ctl->arguments->since};
	struct store_redelivered sum = {0};

	if (redeliver(ctl, &which, &sum) != STORE_OK)
		return ctl_unavailable(ctl);
	print_sum(ctl, &sum);
	if (sum.found == 0)
		return ctl_refuse("webhooks retry: nothing that has ended since then has failed to "
				  "be delivered");
	return sum.begun > 0 ? CTL_DONE : ctl_refuse("webhooks retry: " OFF);
}

int webhooks_retry(struct ctl *ctl)
{
	const struct arguments *arguments = ctl->arguments;
	const bool by_time = (arguments->given & OPTION_BIT(OPTION_SINCE)) != 0;

	if (by_time == (arguments->word_count > 1)) {
		ctl_refuse("webhooks retry: expected either ids behind it or --since");
		return CTL_USAGE;
	}
	return by_time ? retry_since(ctl) : retry_words(ctl);
}
