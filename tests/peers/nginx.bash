# shellcheck shell=bash
# Starts nginx on a free port.

# Standard input has the lines of its "server" section; sets PORT.
nginx_serves() { # ["ssl"]
	local dir=$BATS_TEST_TMPDIR
	PATH=$PATH:/usr/sbin
	command -v nginx >/dev/null || skip "nginx is not installed"
	PORT=$(free_port)
	cat >"$dir/nginx.conf" <<-CONF
		daemon off;
		worker_processes 1;
		pid $dir/nginx.pid;
		error_log $dir/nginx.log;
		events {}
		http {
			access_log off;
			client_body_temp_path $dir/body;
			proxy_temp_path $dir/proxy;
			fastcgi_temp_path $dir/fastcgi;
			uwsgi_temp_path $dir/uwsgi;
			scgi_temp_path $dir/scgi;
			server {
				listen 127.0.0.1:$PORT ${1-};
				$(cat)
			}
		}
	CONF
	background nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/nginx.log"
}
