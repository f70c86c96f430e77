#include "hardening.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "log.h"

/* LeakSanitizer attaches to its own process. */
#if defined(__SANITIZE_ADDRESS__)
#define ATTACHES_TO_ITSELF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ATTACHES_TO_ITSELF 1
#endif
#endif
#ifndef ATTACHES_TO_ITSELF
#define ATTACHES_TO_ITSELF 0
#endif

void harden_process(void)
{
	static const struct rlimit no_core = {0, 0};

	if (setrlimit(RLIMIT_CORE, &no_core) != 0)
		log_warn("cannot switch core dumps off");
	if (!ATTACHES_TO_ITSELF && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		log_warn("cannot keep this process's memory from others");
}
