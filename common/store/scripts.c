#include "scripts.h"

#include "common/store/scripts_lua.h"

#define SCRIPT(name)                                                                               \
	{                                                                                          \
		script_##name##_lua, script_##name##_sha                                           \
	}

static const struct {
	const char *source, *sha;
} scripts[SCRIPT_COUNT] = {
    [SCRIPT_ADMIT] = SCRIPT(admit),
    [SCRIPT_BEAT] = SCRIPT(beat),
    [SCRIPT_BURY] = SCRIPT(bury),
    [SCRIPT_CANCEL] = SCRIPT(cancel),
    [SCRIPT_CLAIM] = SCRIPT(claim),
    [SCRIPT_CREATE] = SCRIPT(create),
    [SCRIPT_DELETE] = SCRIPT(delete),
    [SCRIPT_DRAIN] = SCRIPT(drain),
    [SCRIPT_DROP] = SCRIPT(drop),
    [SCRIPT_ENQUEUE] = SCRIPT(enqueue),
    [SCRIPT_FLUSH] = SCRIPT(flush),
    [SCRIPT_FOLLOW] = SCRIPT(follow),
    [SCRIPT_FORGET] = SCRIPT(forget),
    [SCRIPT_HEALTH] = SCRIPT(health),
    [SCRIPT_LAPSED] = SCRIPT(lapsed),
    [SCRIPT_LIST] = SCRIPT(list),
    [SCRIPT_NOTE] = SCRIPT(note),
    [SCRIPT_PAUSE] = SCRIPT(pause),
    [SCRIPT_RECLAIM] = SCRIPT(reclaim),
    [SCRIPT_RELAY_BEAT] = SCRIPT(relay_beat),
    [SCRIPT_RELEASE] = SCRIPT(release),
    [SCRIPT_REMEMBER] = SCRIPT(remember),
    [SCRIPT_REPLACE] = SCRIPT(replace),
    [SCRIPT_REPORT] = SCRIPT(report),
    [SCRIPT_REQUEUE] = SCRIPT(requeue),
    [SCRIPT_RESUME] = SCRIPT(resume),
    [SCRIPT_SETTLE] = SCRIPT(settle),
    [SCRIPT_SNAPSHOT] = SCRIPT(snapshot),
    [SCRIPT_WEBHOOKS_CLAIM] = SCRIPT(webhooks_claim),
    [SCRIPT_WEBHOOKS_LIST] = SCRIPT(webhooks_list),
    [SCRIPT_WEBHOOKS_REPORT] = SCRIPT(webhooks_report),
    [SCRIPT_WEBHOOKS_RETRY] = SCRIPT(webhooks_retry),
};

const char *script_source(enum script script)
{
	return scripts[script].source;
}

const char *script_sha(enum script script)
{
	return scripts[script].sha;
}
