#!/usr/bin/env bats
# The configurations of docs/deployment.md: two nodes after a balancer, one Redis.

load ../cli/helper
load ../cli/redis

# An example of docs/examples with the ports of this test; FRONT is the balancer's.
example() { # FILE [SED-COMMAND]
	FRONT=$(free_port)
	sed -e "s/127\.0\.0\.1:8080/127.0.0.1:$FRONT/" \
		-e "s|127\.0\.0\.1:8081|$(host_of 1)|; s|127\.0\.0\.1:8082|$(host_of 2)|" \
		-e "${2-}" "$ROOT/docs/examples/$1"
}

host_of() { # N
	local url=${NODE_URL[$1]#ws://}
	echo "${url%/}"
}

# Node N, on a free port or on that of WHERE: its balancer asks the port of its clients for /health.
node_starts() { # N [WHERE]
	start wsserve --announce --listen="${2-127.0.0.1:0}" --cluster="$REDIS_URL" --broadcast --health \
		--metrics --drain=5s --trust-proxy=127.0.0.1
	NODE_URL[$1]=$URL NODE_PID[$1]=$PID
	await 'cluster connected' "$LOG"
}

nodes_run() {
	redis_runs
	node_starts 1
	node_starts 2
}

metric() { # N NAME-AND-LABELS
	curl -s "http://$(host_of "$1")/metrics" | awk -v name="$2" '$1 == name { print $2 }'
}

haproxy_runs() { # [SED-COMMAND]
	command -v haproxy >/dev/null || skip "haproxy is not installed"
	example cluster-haproxy.cfg "${1-}" >"$BATS_TEST_TMPDIR/haproxy.cfg"
	background haproxy -db -f "$BATS_TEST_TMPDIR/haproxy.cfg"
	eventually front_answers
}

nginx_runs() { # [SED-COMMAND]
	local dir=$BATS_TEST_TMPDIR
	PATH=$PATH:/usr/sbin
	command -v nginx >/dev/null || skip "nginx is not installed"
	{
		echo "daemon off; worker_processes 1; pid $dir/nginx.pid; error_log $dir/nginx.log; events {}"
		echo "http { access_log off; client_body_temp_path $dir/body; proxy_temp_path $dir/proxy;"
		echo "fastcgi_temp_path $dir/fastcgi; uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;"
		example cluster-nginx.conf "${1-}"
		echo "}"
	} >"$dir/nginx.conf"
	background nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/nginx.log"
	eventually front_answers
}

front_answers() {
	[[ $(curl -s "http://127.0.0.1:$FRONT/health") == *'"ok"'* ]]
}

open_on() { # N: how many WebSockets
	metric "$1" 'wsserve_connections{state="open"}'
}

has() { # N COUNT
	[[ $(open_on "$1") == "$2" ]]
}

one_has_all() {
	spread 4 0 || spread 0 4
}

spread() { # ON-1 ON-2
	[[ "$(open_on 1) $(open_on 2)" == "$1 $2" ]]
}

# Four clients, two on each node, that connect again when they lose their node.
clients_connect() {
	outs=()
	for i in 1 2 3 4; do
		background wscat -v -w -1 --no-stdin --reconnect=100 "ws://127.0.0.1:$FRONT/"
		outs[i]=$OUT
		await '101' "$LOG"
	done
}

all_get() { # TEXT
	wscat -w 0.5 "ws://127.0.0.1:$FRONT/" "$1" </dev/null >/dev/null
	for i in 1 2 3 4; do
		await "^$1\$" "${outs[i]}"
		same 1 "$(grep -cx "$1" "${outs[i]}")"
	done
}

a_node_is_killed() {
	clients_connect
	eventually spread 2 2
	all_get 'before'
	kill -KILL "${NODE_PID[1]}"
	eventually has 2 4
	all_get 'after'
	same 0 "$(metric 2 wsserve_cluster_lost_total)"
}

# One node after the other ends and is replaced: what is sent between is lost to no client that is
# connected, and every client comes back.
nodes_are_replaced() {
	clients_connect
	all_get 'first'
	for n in 1 2; do
		local place
		place=$(host_of "$n")
		kill -TERM "${NODE_PID[n]}"
		finished "${NODE_PID[n]}"
		eventually has $((3 - n)) 4
		all_get "without $n"
		node_starts "$n" "$place"
		all_get "with $n again"
	done
}

# What the unit's ExecStart is for an instance, word by word, with its environment, as systemd would have it.
@test "the unit of a node: systemd understands it, and what it starts is a node of the cluster" {
	local unit="$ROOT/docs/examples/wsserve-node@.service" port words
	mkdir "$BATS_TEST_TMPDIR/units"
	sed "s|/usr/local/bin/wsserve|$BUILD/wsserve|" "$unit" >"$BATS_TEST_TMPDIR/units/wsserve-node@.service"
	if command -v systemd-analyze >/dev/null; then
		run -0 --separate-stderr systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/units/wsserve-node@8081.service"
		run ! grep wsserve-node <<<"$stderr"
	fi
	# It has longer to end than its clients have.
	(($(sed -n 's/^TimeoutStopSec=//p' "$unit") > $(sed -n 's/.*--drain=\([0-9]*\)s.*/\1/p' "$unit")))
	redis_runs
	port=$(free_port)
	words=$(sed -n 's|^ExecStart=/usr/local/bin/||p' "$unit")
	# shellcheck disable=SC2086
	CLUSTER_URL=$REDIS_URL background ${words//%i/$port}
	local node=$PID
	await 'cluster connected' "$LOG"
	says '^\{"status":"ok"' "$(curl -s "http://127.0.0.1:$port/health")"
	node_starts 1
	background wscat -v -w -1 --no-stdin "ws://127.0.0.1:$port/"
	local out=$OUT
	await 101 "$LOG"
	wscat -w 0.2 "${NODE_URL[1]}" hello </dev/null >/dev/null
	await '^hello$' "$out"
	kill -TERM "$node"
	finished "$node"
}

@test "haproxy: a node killed with -9, its clients go on with the other" {
	nodes_run
	haproxy_runs
	a_node_is_killed
}

@test "haproxy: every node is replaced, one after the other" {
	nodes_run
	haproxy_runs
	nodes_are_replaced
}

@test "haproxy, sticky: a client returns to its node by its cookie" {
	nodes_run
	haproxy_runs 's/# cookie NODE/cookie NODE/'
	background wscat -v -w -1 --no-stdin -H 'Cookie: NODE=node2' "ws://127.0.0.1:$FRONT/"
	background wscat -v -w -1 --no-stdin -H 'Cookie: NODE=node2' "ws://127.0.0.1:$FRONT/"
	eventually spread 0 2
}

@test "nginx: a node killed with -9, its clients go on with the other" {
	nodes_run
	nginx_runs
	a_node_is_killed
}

@test "nginx: every node is replaced, one after the other" {
	nodes_run
	nginx_runs
	nodes_are_replaced
}

@test "nginx, sticky: all clients of an address are on one node" {
	nodes_run
	nginx_runs 's/# hash/hash/; s/  least_conn;//'
	clients_connect
	eventually one_has_all
}

@test "1,000 clients on two nodes: each message once to each client, in its sender's order" {
	nodes_run
	haproxy_runs
	run -0 wsbench -q --mode=broadcast --publishers=10 -c 1000 -R 200 -d 5s --format=json \
		"ws://127.0.0.1:$FRONT/"
	same '0 0 0 0' "$(jq -r '.messages | "\(.lost) \(.duplicated) \(.reordered) \(.corrupted)"' <<<"$output")"
	same $((1000 * 999)) "$(jq '.messages.received' <<<"$output")"
	for n in 1 2; do
		same 0 "$(metric "$n" wsserve_cluster_lost_total)"
		[[ $(metric "$n" 'wsserve_cluster_messages_total{direction="in"}') -gt 0 ]]
	done
}
