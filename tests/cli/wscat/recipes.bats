#!/usr/bin/env bats
# The recipes of docs/recipes.md, each run exactly as it is printed.

# shellcheck disable=SC2016 # other shells expand it
load ../helper
load ../proxies
load ../printed

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export URL SITE CHROME KUBE OTHER PROXY_URL
}

# Runs a recipe as it stands, without options of the shell that would change its status; standard input is
# empty, as cron's.
recipe() { # NAME
	printed docs/recipes.md "$1" >recipe.sh
	run --separate-stderr timeout -k 5 30 bash recipe.sh </dev/null
}

# shellcheck disable=SC2154
prints() { # TEXT
	same 0 "$status"
	same "$1" "$output"
}

# A server that runs this shell script, a message a line.
runs() { # WSSERVE-OPTION... <SCRIPT
	local script
	script=$(shell_script "program.${#STARTED[@]}")
	serve "$@" "$script"
}

@test "1: ask once" {
	serve
	recipe 1
	prints status
	URL=ws://127.0.0.1:9/
	recipe 1
	same 3 "$status"
}

@test "2: wait for an event" {
	runs <<<'echo "{\"type\":\"busy\"}"; echo "{\"type\":\"ready\"}"; cat >/dev/null'
	recipe 2
	prints "it is ready"
}

@test "3: a health check for cron" {
	serve
	recipe 3
	prints ""
	same "" "$stderr"
	says '^[0-9]+$' "$(cat upgrade-times)"
	URL=ws://127.0.0.1:9/
	recipe 3
	same 3 "$status"
	same "" "$output"
	says 'Connection refused$'
	# cron's shell is sh.
	run -3 --separate-stderr sh recipe.sh </dev/null
	same 1 "$(wc -l <upgrade-times)"
}

@test "4: a stream into jq" {
	runs <<<'for i in 5 20 30; do echo "{\"symbol\":\"S$i\",\"price\":$i}"; done'
	recipe 4
	prints $'S20\nS30'
}

@test "5: send a file" {
	head -c 3000 /dev/urandom >report.pdf
	bad echo
	recipe 5
	same 0 "$status"
	await "^binary 3000 $(head -c 20 report.pdf | xxd -p)" "$OUT"
}

@test "6: reconnect for ever" {
	runs <<<'echo hello; exit 1'
	printed docs/recipes.md 6 >recipe.sh
	background bash recipe.sh </dev/null
	await 'connecting again in' "$LOG"
	eventually eval '(($(grep -c ^hello events.log) >= 2))'
	pkill -P "$PID" wscat
}

@test "6-2: as a service: quiet while the server is away, and the reason when it ends" {
	runs <<<'echo hello; exit 1'
	printed docs/recipes.md 6-2 >recipe.sh
	background bash recipe.sh </dev/null
	eventually eval '(($(grep -c ^hello events.log) >= 2))'
	same "" "$(cat "$LOG")"
	# A refusal that is not tried again is an error.
	run -3 --separate-stderr wscat -q --reconnect=1 --reconnect-delay=10ms --no-stdin -w -1 ws://127.0.0.1:9/
	one_line '^wscat: connect 127.0.0.1:9: Connection refused$'
}

@test "7: Chrome's DevTools protocol" {
	mkdir -p site/json
	serve --staticdir=site --reply='{"id":1,"result":{"product":"Chrome/1"}}'
	CHROME=127.0.0.1:$PORT
	echo "{\"webSocketDebuggerUrl\":\"$URL\"}" >site/json/version
	recipe 7
	prints Chrome/1
}

@test "8: log in first" {
	start "$PYTHON" -u -c 'import http.server
class Login(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{\"token\":\"t0k3n\"}")
server = http.server.HTTPServer(("127.0.0.1", 0), Login)
print("listening http://127.0.0.1:%d" % server.server_port)
server.serve_forever()'
	SITE=${URL%/}
	bad echo
	recipe 8
	prints hello
	says '^header Authorization: Bearer t0k3n$' "$(cat "$OUT")"
}

@test "9: GraphQL, STOMP and MQTT" {
	runs --subprotocol=graphql-transport-ws <<'END'
read -r init
echo '{"type":"connection_ack"}'
read -r subscribe
echo '{"id":"1","type":"next","payload":{"data":{"tick":1}}}'
echo '{"id":"1","type":"complete"}'
cat
END
	recipe 9
	same 0 "$status"
	same '{"id":"1","type":"complete"}' "${lines[-1]}"
	bad agree
	recipe 9-2
	prints CONNECT
	says '^header Sec-WebSocket-Protocol: v12.stomp' "$(cat "$OUT")"
	bad agree
	recipe 9-3
	prints 100c00044d5154540402003c0000
	says '^binary 14 100c0004' "$(cat "$OUT")"
}

@test "10: Kubernetes: exec in a pod" {
	runs -b --subprotocol=v4.channel.k8s.io --token=abc <<<'printf "\001web-0\n"'
	echo abc >token
	KUBE=${URL%/}
	recipe 10
	prints web-0
}

@test "11: bridge two servers" {
	runs --chdir="$PWD" <<<'echo question; read -r answer; echo "got $answer" >answer'
	local asks=$URL
	runs <<<'read -r question; echo "an answer to $question"; cat >/dev/null'
	OTHER=$URL URL=$asks
	printed docs/recipes.md 11 >recipe.sh
	background bash recipe.sh </dev/null
	await '^got an answer to question$' answer
}

@test "12: test a server's close code" {
	bad close 4001 "no more"
	recipe 12
	same 4001 "$output"
	same 9 "$status"
}

@test "13: record and replay" {
	serve
	recipe 13
	prints $'one\ntwo'
}

@test "14: through a company's proxy" {
	tinyproxy_runs 'BasicAuth me secret'
	PROXY_URL=http://me:secret@$PROXY
	serve
	recipe 14
	prints hello
}

@test "15: a bearer token that stays off the command line" {
	serve --token=abc
	echo abc >token
	recipe 15
	prints hello
}
