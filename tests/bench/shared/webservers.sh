# Web servers in front of respool.fcgi and of the bare program, each with the file in deploy/.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154

web_answers() {
	curl -s --noproxy '*' -m 5 -o /dev/null "$web_url/"
}

web_decided() {
	! is_running "$(pid_of "$1")" || web_answers
}

# start_web NAME FUNCTION ARGUMENT...: FUNCTION starts the server on $port. Leads $web_url there.
start_web() {
	web=$1
	shift
	for attempt in 1 2 3 4 5 6 7 8 9 10; do
		next_port
		web_url=http://127.0.0.1:$port
		"$@"
		tries=300
		until web_decided "$web" || [ "$tries" -eq 0 ]; do
			sleep 0.05
			tries=$((tries - 1))
		done
		! is_running "$(pid_of "$web")" || return 0
		started=${started#* }
	done
	die_with_log "$web does not start (attempt $attempt)" "$dir/$web.log"
}

# start_lighttpd NAME FCGI_SOCKET; likewise the others.
start_lighttpd() {
	start_web "$1" run_lighttpd "$1" "$2"
}

start_nginx() {
	start_web "$1" run_nginx "$1" "$2"
}

# Apache starts the responders: instead of a socket it is given a program.
start_apache() {
	start_web "$1" run_apache "$1" "$2"
}

run_lighttpd() {
	sed "s|/run/respool/fcgi.sock|$2|" "$top/deploy/lighttpd-socket.conf" >"$dir/$1.deployed"
	cat >"$dir/$1.conf" <<-END
	server.modules = ( )
	server.document-root = "$dir"
	server.bind = "127.0.0.1"
	server.port = $port
	server.upload-dirs = ( "$dir" )
	server.max-keep-alive-requests = 65535
	server.max-fds = 16384
	server.max-connections = 8192
	include "$dir/$1.deployed"
	END
	start "$1" lighttpd -D -f "$dir/$1.conf"
}

run_nginx() {
	sed -e "s|/run/respool/fcgi.sock|$2|" -e "s|listen 80;|listen 127.0.0.1:$port;|" \
		"$top/deploy/nginx.conf" >"$dir/$1.deployed"
	user=
	[ "$(id -u)" -ne 0 ] || user="user root;"
	mkdir -p "$dir/$1.tmp"
	cat >"$dir/$1.conf" <<-END
	daemon off;
	$user
	worker_processes 1;
	worker_rlimit_nofile 16384;
	pid $dir/$1.pid;
	error_log stderr;
	events { worker_connections 8192; }
	http {
		access_log off;
		keepalive_requests 100000;
		client_body_temp_path $dir/$1.tmp/body;
		proxy_temp_path $dir/$1.tmp/proxy;
		fastcgi_temp_path $dir/$1.tmp/fastcgi;
		uwsgi_temp_path $dir/$1.tmp/uwsgi;
		scgi_temp_path $dir/$1.tmp/scgi;
		include $dir/$1.deployed;
	}
	END
	start "$1" nginx -c "$dir/$1.conf" -e stderr
}

# With four responders, neither more nor fewer.
run_apache() {
	modules=/usr/lib/apache2/modules
	mkdir -p "$dir/$1.ipc"
	sed -e "s|/usr/libexec/respool/respool.fcgi|$2|" -e "s|/usr/libexec/respool|${2%/*}|" \
		-e "s|/etc/respool/config.yaml|$dir/config.yaml|" \
		-e "s|^Include .*|FcgidInitialEnv BENCH_REDIS $dir/redis.sock|" \
		-e "s|^FcgidMaxProcessesPerClass .*|FcgidMaxProcessesPerClass 4|" \
		-e "s|^FcgidMinProcessesPerClass .*|FcgidMinProcessesPerClass 4|" \
		-e "s|\*:80|127.0.0.1:$port|" \
		"$top/deploy/apache-mod_fcgid.conf" >"$dir/$1.deployed"
	user=
	if [ "$(id -u)" -eq 0 ]; then
		user="User nobody
Group nogroup"
		chown nobody "$dir/$1.ipc"
	fi
	cat >"$dir/$1.conf" <<-END
	ServerRoot $dir
	ServerName localhost
	PidFile $dir/$1.pid
	Listen 127.0.0.1:$port
	ErrorLog $dir/$1.error
	DefaultRuntimeDir $dir
	$user
	LoadModule mpm_event_module $modules/mod_mpm_event.so
	LoadModule authz_core_module $modules/mod_authz_core.so
	LoadModule reqtimeout_module $modules/mod_reqtimeout.so
	LoadModule alias_module $modules/mod_alias.so
	LoadModule fcgid_module $modules/mod_fcgid.so
	FcgidIPCDir $dir/$1.ipc
	FcgidProcessTableFile $dir/$1.shm
	MaxKeepAliveRequests 0
	KeepAliveTimeout 60
	StartServers 1
	ServerLimit 1
	ThreadsPerChild 64
	MaxSpareThreads 64
	MaxRequestWorkers 64
	Include $dir/$1.deployed
	END
	start "$1" apache2 -f "$dir/$1.conf" -D FOREGROUND
}
