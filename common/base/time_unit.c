#include "time_unit.h"

#include <string.h>

long unit_seconds(const char *unit)
{
	static const struct {
		const char *name;
		long seconds;
	} units[] = {
	    {"s", 1},
	    {"m", MINUTE_SECONDS},
	    {"h", HOUR_SECONDS},
	    {"d", DAY_SECONDS},
	    {"w", 7 * DAY_SECONDS},
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) == 0)
			return units[i].seconds;
	}
	return 0;
}
