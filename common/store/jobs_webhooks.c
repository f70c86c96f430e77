#include "jobs_internal.h"
