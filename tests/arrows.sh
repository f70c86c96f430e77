#!/bin/sh
# Checks that the folders of app and common know of each other only what they may, and that no
# banner stands for a wall between files: prints each line that does not keep to it, and fails if
# there is one.
set -eu
cd "$(dirname "$0")/.."

# FOLDER: whose headers its files may include beside those of their own.
arrows='
	app: app common
	app/ctl: common
	app/relay: common
	app/responder: common
	app/supervisor: common
	common/base:
	common/config: common/base
	common/dialect: common/base common/config common/response
	common/fastcgi: common/base
	common/operator: common/base common/config common/response common/store common/webhook
	common/provider: common/base common/config common/dialect common/response
	common/response: common/base
	common/store: common/base common/config common/provider common/response
	common/webhook: common/base common/config common/provider common/response
'
# Where a banner, as in "/* ---- reading ---- */", is a file that is wanting.
without_banners='common app'
# Words of Redis. GET and SET are left out: they are words of HTTP and of English, too.
commands='APPEND AUTH BLMOVE BLPOP BRPOP CLIENT CLUSTER CONFIG DEL EVAL EVALSHA EXISTS EXPIRE FCALL
	GETDEL GETRANGE HDEL HELLO HEXISTS HGET HGETALL HINCRBY HMGET HMSET HSET HSETNX INCR INCRBY
	INFO LINDEX LLEN LMOVE LPOP LPOS LPUSH LRANGE LREM LTRIM MGET MULTI PEXPIRE PING PSUBSCRIBE
	PTTL PUBLISH ROLE RPOP RPUSH SADD SCAN SCRIPT SELECT SENTINEL SETEX SETRANGE SMEMBERS
	SPUBLISH SREM SSUBSCRIBE STRLEN SUBSCRIBE TTL UNLINK UNSUBSCRIBE WATCH XADD XDEL XLEN XRANGE
	XREAD XTRIM ZADD ZCARD ZRANGE ZREM ZSCORE'

# shellcheck disable=SC2046 # names without blanks
awk -v arrows="$arrows" -v commands="$commands" \
	-v without_banners="$without_banners" '
	function fault(what) {
		printf "%s:%d: %s: %s\n", FILENAME, FNR, what, $0
		faults++
	}
	# Reads lines of "NAME: FOLDER..." into may[NAME, FOLDER], and their names into known.
	function read_table(text,    lines, count, words, i, j) {
		count = split(text, lines, "\n")
		for (i = 1; i <= count; i++) {
			if (split(lines[i], words, /[:[:blank:]]+/) < 3)
				continue
			known[words[2]] = 1
			for (j = 3; j in words; j++)
				may[words[2], words[j]] = 1
		}
	}
	function folder_of(path) {
		return match(path, "^(common|app)/[^/]*/") ? substr(path, 1, RLENGTH - 1) : "app"
	}
	function top_of(path) {
		return substr(path, 1, index(path "/", "/") - 1)
	}
	function is_allowed(folder, other) {
		return other == folder || (folder, other) in may || (folder, top_of(other)) in may
	}
	BEGIN {
		read_table(arrows)
		count = split(commands, words)
		command = words[1]
		for (i = 2; i <= count; i++)
			command = command "|" words[i]
		command = "\"(" command ")[ \"]"
	}
	FNR == 1 {
		folder = folder_of(FILENAME)
		if (!(folder in known))
			fault("a folder that the table in tests/arrows.sh lacks")
	}
	/^#[ \t]*include[ \t]*"/ {
		split($0, quoted, "\"")
		if (index(quoted[2], "/") == 0)
			next
		if (quoted[2] !~ "^(app|common)/" || quoted[2] ~ "[.][.]")
			fault("neither x.h nor common/FOLDER/x.h")
		else if (!is_allowed(folder, folder_of(quoted[2])))
			fault(folder " may not know of " folder_of(quoted[2]))
	}
	folder != "common/store" && /^#[ \t]*include[ \t]*<hiredis/ {
		fault("only common/store knows of hiredis")
	}
	folder != "common/store" && $0 ~ command {
		fault("only common/store names a command of Redis")
	}
	index(" " without_banners " ", " " top_of(FILENAME) " ") && /\/[*\/] *[-=*][-=*][-=*]/ {
		fault("a banner")
	}
	END { exit faults > 0 }
' $(find app common -name '*.[ch]' | sort)
