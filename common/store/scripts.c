#include "scripts.h"

#include "common/store/scripts_lua.h"

const char *script_source(enum script script)
{
	static const char *const sources[SCRIPT_COUNT] = {
	    [SCRIPT_BEAT] = script_beat_lua,
	    [SCRIPT_BURY] = script_bury_lua,
	    [SCRIPT_CANCEL] = script_cancel_lua,
	    [SCRIPT_CLAIM] = script_claim_lua,
	    [SCRIPT_CREATE] = script_create_lua,
	    [SCRIPT_DELETE] = script_delete_lua,
	    [SCRIPT_DROP] = script_drop_lua,
	    [SCRIPT_ENQUEUE] = script_enqueue_lua,
	    [SCRIPT_FLUSH] = script_flush_lua,
	    [SCRIPT_FOLLOW] = script_follow_lua,
	    [SCRIPT_FORGET] = script_forget_lua,
	    [SCRIPT_HEALTH] = script_health_lua,
	    [SCRIPT_LAPSED] = script_lapsed_lua,
	    [SCRIPT_RECLAIM] = script_reclaim_lua,
	    [SCRIPT_RELEASE] = script_release_lua,
	    [SCRIPT_REMEMBER] = script_remember_lua,
	    [SCRIPT_REPLACE] = script_replace_lua,
	    [SCRIPT_REPORT] = script_report_lua,
	    [SCRIPT_REQUEUE] = script_requeue_lua,
	};

	return sources[script];
}
