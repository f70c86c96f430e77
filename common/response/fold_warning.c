#include "fold_warning.h"

#include <stdarg.h>
#include <stdio.h>

enum { QUOTED_BYTES = 64 };

enum fold_result fold_skip(struct fold *fold, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fold->warning, sizeof(fold->warning), format, args);
	va_end(args);
	return FOLD_SKIPPED;
}

void fold_warn(struct fold *fold, const char *format, ...)
{
	va_list args;

	if (fold->warning[0] != '\0')
		return;
	va_start(args, format);
	vsnprintf(fold->warning, sizeof(fold->warning), format, args);
	va_end(args);
}

int fold_quoted(struct span value)
{
	return (int)(value.len < QUOTED_BYTES ? value.len : QUOTED_BYTES);
}
