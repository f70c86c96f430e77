#include <stdio.h>
#include <string.h>

#include "common/operator/operator_json.h"
#include "age.h"
#include "answer.h"
#include "commands.h"
#include "ids.h"
#include "shown_text.h"

static void print_fact(const char *name, const char *text)
{
	struct buf shown = {0};

	shown_line(&shown, span_of(text != NULL && text[0] != '\0' ? text : "-"));
	printf("%-11s %s\n", name, buf_cstr(&shown));
	buf_free(&shown);
}

static void print_created(long long created_at, long long now)
{
	char moment[MOMENT_SIZE], age[AGE_SIZE], text[MOMENT_SIZE + AGE_SIZE + 8];

	moment_write(moment, created_at / 1000);
	age_write(age, (double)(now - created_at) / 1000);
	snprintf(text, sizeof(text), "%s (%s ago)", moment, age);
	print_fact("created", text);
}

static void print_row(const struct ctl *ctl, const struct store_row *row, long long now)
{
	char attempts[24];

	print_fact("tenant", row->tenant);
	print_fact("model", row->model);
	print_created(row->created_at, now);
	snprintf(attempts, sizeof(attempts), "%lld", row->attempts);
	print_fact("tries", attempts);
	print_fact("deployment", operator_deployment(ctl->config, row->deployment));
}

/* "TIME WHAT WHY" for each line of the history. */
static void print_history(const char *history)
{
	while (history != NULL && *history != '\0') {
		const size_t len = strcspn(history, "\n");
		char moment[MOMENT_SIZE];
		struct buf line = {0}, shown = {0};
		long long at;
		int skipped = 0;

		buf_append(&line, history, len);
		if (sscanf(buf_cstr(&line), "%lld %n", &at, &skipped) == 1) {
			moment_write(moment, at / 1000);
			shown_line(&shown, span_of(moment));
			buf_putc(&shown, ' ');
		}
		shown_line(&shown, span_of(line.data + skipped));
		printf("%-11s %s\n", "", buf_cstr(&shown));
		buf_free(&line);
		buf_free(&shown);
		history += len + (history[len] == '\n');
	}
}

static void print_details(const struct store_detail *detail)
{
	char waited[AGE_SIZE];

	age_write(waited, (double)detail->waited_ms / 1000);
	print_fact("waited", detail->waited_ms >= 0 ? waited : NULL);
	print_fact("worker", detail->owner);
	print_fact("request id", detail->request_id);
	print_fact("streamed", detail->streamed ? "yes" : "no");
	print_fact("can retry", detail->can_retry ? "yes" : "no");
	if (detail->history != NULL) {
		puts("history");
		print_history(detail->history);
	}
}

static void print_answer(struct span object)
{
	struct buf steps = {0}, fault = {0}, text = {0}, shown = {0};

	if (answer_steps(&steps, object, 0) > 0)
		print_fact("steps", buf_cstr(&steps));
	answer_fault(&fault, object);
	if (fault.len > 0)
		print_fact("because", buf_cstr(&fault));
	answer_text(&text, object, true);
	shown_lines(&shown, buf_span(&text));
	if (shown.len > 0)
		printf("\n%s\n", buf_cstr(&shown));
	buf_free(&steps);
	buf_free(&fault);
	buf_free(&text);
	buf_free(&shown);
}

static void print_detail(const struct ctl *ctl, const struct store_detail *detail)
{
	print_fact("id", detail->row.id);
	print_fact("status", ctl_status_name(detail->row.status));
	if (detail->foreign) {
		print_fact("made by", "another program");
	} else {
		print_row(ctl, &detail->row, detail->now);
		print_details(detail);
	}
	print_answer(buf_span(&detail->object));
}

int show_run(struct ctl *ctl)
{
	const char *word = ctl->arguments->words[0];
	char id[RESPONSE_ID_MAX + 1];
	struct store_detail detail;
	struct buf text = {0};
	enum store_result result = STORE_NOT_FOUND;

	if (id_read(id, word))
		result = store_show(ctl->store, id, &detail);
	if (result != STORE_OK)
		return id_refuse(ctl, word, result);
	if (ctl->arguments->json) {
		operator_detail_json(&text, ctl->config, &detail);
		ctl_print(buf_span(&text));
		buf_free(&text);
	} else {
		print_detail(ctl, &detail);
	}
	store_detail_free(&detail);
	return CTL_DONE;
}
