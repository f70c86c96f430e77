#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json.h"
#include "shown_text.h"

void findings_add(struct findings *findings, const char *name, const char *format, ...)
{
	struct finding finding = {.name = xstrdup(name)};
	va_list args;

	va_start(args, format);
	if (vasprintf(&finding.text, format, args) < 0)
		finding.text = xstrdup(format);
	va_end(args);
	findings->list = xrealloc(findings->list, (findings->count + 1) * sizeof(*findings->list));
	findings->list[findings->count++] = finding;
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].name);
		free(findings->list[i].text);
	}
	free(findings->list);
	*findings = (struct findings){0};
}

static void print_json(const struct findings *findings)
{
	struct buf text = {0};

	buf_puts(&text, "{\"findings\": [");
	for (size_t i = 0; i < findings->count; i++) {
		buf_puts(&text, i > 0 ? ", {\"name\": " : "{\"name\": ");
		json_quote(&text, span_of(findings->list[i].name));
		buf_puts(&text, ", \"text\": ");
		json_quote(&text, span_of(findings->list[i].text));
		buf_putc(&text, '}');
	}
	buf_puts(&text, "]}");
	puts(buf_cstr(&text));
	buf_free(&text);
}

void findings_print(const struct findings *findings, bool json)
{
	if (json) {
		print_json(findings);
		return;
	}
	for (size_t i = 0; i < findings->count; i++) {
		struct buf line = {0};

		shown_line(&line, span_of(findings->list[i].text));
		printf("%s: %s\n", findings->list[i].name, buf_cstr(&line));
		buf_free(&line);
	}
	if (findings->count == 0)
		puts("no findings");
}
